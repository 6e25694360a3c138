// Several models as one. namegen/core/models/mixture.py and `blend` of namegen/api/model.py in JavaScript.

/** @typedef {{model: Model, label: string | null, weight: number}} BlendPart */

/** @typedef {{model: Model, startToken: number, weight: number}} WeightedPart */

/**
 * The state of a mixture. `isStarted` is false before the start token. `states` has the state of each network, and
 * `isActive` whether the network knows all characters of the prefix.
 * @typedef {{isStarted: boolean, states: any[], isActive: boolean[]}} MixedState
 */

/**
 * p(next | prefix) = Σ w p(next | prefix): the weighted mean of the networks' probabilities, over all characters that
 * any of them knows. A network gives the probability 0 to a character that it doesn't know, and it is ignored after
 * such a character.
 */
class MixedNetwork {
  /**
   * @param {WeightedPart[]} parts
   * @param {string[]} characters of all networks
   */
  constructor(parts, characters) {
    this.parts = parts;
    this.outputs = characters.length + 1;
    this.partIds = parts.map(({ model }) => idsInModel(model, characters));
    this.widths = parts.flatMap(({ model }) => model.network.widths);
  }

  get stateSize() {
    return this.parts.reduce((sum, { model }) => sum + model.network.stateSize, 0);
  }

  /** @param {MixedState} state */
  hiddenStates(state) {
    return this.parts.flatMap(({ model }, k) => model.network.hiddenStates(state.states[k]));
  }

  /** @returns {MixedState} */
  initialState() {
    return {
      isStarted: false,
      states: this.parts.map(({ model }) => model.network.initialState()),
      isActive: this.parts.map(({ weight }) => weight > 0),
    };
  }

  /**
   * Read one token. The logits are the logarithms of the mean probabilities.
   * @param {number} token
   * @param {MixedState} state
   * @returns {{state: MixedState, logits: Float64Array}}
   */
  step(token, state) {
    const outputs = this.parts.map((_, k) => this.#stepPart(k, token, state));
    const stateAfter = {
      isStarted: true,
      states: outputs.map((output, k) => output?.state ?? state.states[k]),
      isActive: outputs.map((output) => output !== null),
    };
    const probabilities = outputs.map((output) => (output === null ? null : softmax(output.logits, 1)));
    return { state: stateAfter, logits: this.#mean(probabilities).map(Math.log) };
  }

  /**
   * Let one network read a token.
   * @param {number} k the index of the network
   * @param {number} token
   * @param {MixedState} state
   * @returns {{state: any, logits: Float64Array} | null} null if it doesn't know a character of the prefix
   */
  #stepPart(k, token, state) {
    const { model, startToken } = this.parts[k];
    const partToken = state.isStarted ? this.partIds[k][token] : startToken;
    if (!state.isActive[k] || partToken < 0) return null;
    return model.network.step(partToken, state.states[k]);
  }

  /**
   * Return the weighted mean of the probabilities of all networks that know the prefix.
   * @param {(Float64Array | null)[]} probabilities
   */
  #mean(probabilities) {
    const mean = new Float64Array(this.outputs);
    const activeWeights = this.parts.map(({ weight }, k) => (probabilities[k] === null ? 0 : weight));
    const totalWeight = activeWeights.reduce((sum, weight) => sum + weight, 0);
    probabilities.forEach((partProbabilities, k) => {
      if (partProbabilities !== null) this.#addPart(mean, partProbabilities, k, activeWeights[k] / totalWeight);
    });
    if (totalWeight === 0) mean[END_TOKEN] = 1; // no network knows the prefix, so its probability is 0
    return mean;
  }

  /**
   * @param {Float64Array} mean which is changed
   * @param {Float64Array} probabilities of one network
   * @param {number} k the index of the network
   * @param {number} weight
   */
  #addPart(mean, probabilities, k, weight) {
    const partIds = this.partIds[k];
    for (let id = 0; id < this.outputs; id++) {
      const partId = partIds[id];
      if (partId >= 0) mean[id] += weight * probabilities[partId];
    }
  }
}

/**
 * Return for each id of a blend the id in one of its models; −1 for a character that the model doesn't know.
 * @param {Model} model
 * @param {string[]} characters of the blend
 */
function idsInModel(model, characters) {
  const ids = new Map(model.characters.map((character, id) => [character, id]));
  return [END_TOKEN, ...characters.map((character) => ids.get(character) ?? -1)];
}

/** Several models, each with a weight. */
class Blend extends NameSource {
  /** @param {BlendPart[]} parts weights are at least 0 and sum to 1; a model that has labels needs a label */
  constructor(parts) {
    const models = parts.map(({ model }) => model);
    const characters = charactersOf(models);
    const weightedParts = parts.map(({ model, label, weight }) => ({
      model,
      startToken: startTokenWith(model, label),
      weight,
    }));
    const removal = Object.assign({}, ...models.map(({ description }) => description.removal));
    const folding = Object.assign({}, ...models.map(({ description }) => description.folding));
    super({
      parts: models,
      network: new MixedNetwork(weightedParts, characters),
      characters,
      startTokens: [{ token: START_TOKEN, probability: 1, label: null }],
      spaces: models.flatMap((model) => [...model.spaces]),
      normalizer: new Normalizer({ removal, folding }),
    });
  }
}

/**
 * Return all characters of some models, in the order of their code points.
 * @param {Model[]} models
 */
function charactersOf(models) {
  const characters = new Set(models.flatMap((model) => model.characters.slice(1)));
  return [...characters].sort((a, b) => Number(a.codePointAt(0)) - Number(b.codePointAt(0)));
}

/**
 * @param {Model} model
 * @param {string | null} label
 */
function startTokenWith(model, label) {
  const start = model.startTokens.find((candidate) => candidate.label === label);
  if (start === undefined) throw new Error(needsLabel(model));
  return start.token;
}
