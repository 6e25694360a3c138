// Several models as one. namegen/core/models/mixture.py and `blend` of namegen/api/model.py in JavaScript.

/** @typedef {{model: Model, label: string | null, weight: number}} BlendPart */

/**
 * The state of a mixture: whether the start token has been read, and the state of each network; null if the network
 * doesn't know a character of the prefix, or has no weight.
 * @typedef {{isStarted: boolean, states: any[]}} MixedState
 */

/**
 * p(next | prefix) = Σ w p(next | prefix): the weighted mean of the networks' probabilities, over all characters that
 * any of them knows. A network gives the probability 0 to a character that it doesn't know, and it is ignored after
 * such a character.
 */
class MixedNetwork {
  /**
   * @param {{network: Network, startToken: number, weight: number, characters: string[]}[]} parts
   * @param {string[]} characters of all networks
   */
  constructor(parts, characters) {
    this.outputs = characters.length + 1;
    this.parts = parts.map((part) => {
      const idOf = new Map(part.characters.map((character, id) => [character, id]));
      // For each id of the mixture, the id in the network; −1 for a character that it doesn't know.
      return { ...part, ids: [END_TOKEN, ...characters.map((character) => idOf.get(character) ?? -1)] };
    });
    this.widths = parts.flatMap(({ network }) => network.widths);
  }

  /** @param {MixedState} state */
  hiddenStates({ states }) {
    return this.parts.flatMap(({ network }, k) => network.hiddenStates(states[k] ?? network.initialState()));
  }

  /** @returns {MixedState} */
  initialState() {
    const states = this.parts.map(({ network, weight }) => (weight > 0 ? network.initialState() : null));
    return { isStarted: false, states };
  }

  /**
   * Read one token. The logits are the logarithms of the mean probabilities.
   * @param {number} token
   * @param {MixedState} state
   * @returns {{state: MixedState, logits: Float64Array}}
   */
  step(token, { isStarted, states }) {
    const outputs = this.parts.map(({ network, ids, startToken }, k) => {
      const partToken = isStarted ? ids[token] : startToken;
      return states[k] === null || partToken < 0 ? null : network.step(partToken, states[k]);
    });
    const totalWeight = this.parts.reduce((sum, { weight }, k) => sum + (outputs[k] === null ? 0 : weight), 0);
    const mean = new Float64Array(this.outputs);
    this.parts.forEach(({ ids, weight }, k) => {
      const output = outputs[k];
      if (output === null) return;
      const probabilities = softmax(output.logits, DEFAULT_SAMPLING);
      ids.forEach((partId, id) => {
        if (partId >= 0) mean[id] += (weight / totalWeight) * probabilities[partId];
      });
    });
    if (totalWeight === 0) mean[END_TOKEN] = 1; // no network knows the prefix, so its probability is 0
    const statesAfter = outputs.map((output) => output && output.state);
    return { state: { isStarted: true, states: statesAfter }, logits: mean.map(Math.log) };
  }
}

/** Several models, each with a weight. */
class Blend extends NameSource {
  /** @param {BlendPart[]} parts weights are at least 0 and sum to 1; a model that has labels needs a label */
  constructor(parts) {
    const models = parts.map(({ model }) => model);
    const allCharacters = new Set(models.flatMap((model) => model.characters.slice(1)));
    const characters = [...allCharacters].sort((a, b) => Number(a.codePointAt(0)) - Number(b.codePointAt(0)));
    const networks = parts.map(({ model, label, weight }) => {
      const start = model.startTokens.find((candidate) => candidate.label === label);
      if (start === undefined) throw new ReaderError(`To blend “${model.title}”, choose one of its labels.`);
      const network = /** @type {Network} */ (model.network);
      return { network, startToken: start.token, weight, characters: model.characters };
    });
    const removal = Object.assign({}, ...models.map(({ description }) => description.removal));
    const folding = Object.assign({}, ...models.map(({ description }) => description.folding));
    super({
      parts: models,
      network: new MixedNetwork(networks, characters),
      characters,
      startTokens: [{ token: START_TOKEN, probability: 1, label: null }],
      spaces: models.flatMap((model) => [...model.spaces]),
      normalizer: new Normalizer({ removal, folding }),
    });
  }
}
