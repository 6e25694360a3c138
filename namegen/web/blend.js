// Several models as one: namegen/core/evaluation/mixture.py and namegen/api/blending.py in JavaScript.

/**
 * p(next | prefix) = Σ w p(next | prefix): at every character the weighted mean of the networks' probabilities, over all
 * characters that any of them knows. A network gives a character that it does not know the probability 0, and after one
 * it is heard no more. Its logits are the logarithms of the mean.
 */
class MixedNetwork {
  /** `parts`: [{model, weight, start}], the last being the id that the model reads before a name. `characters`: all. */
  constructor(parts, characters) {
    this.parts = parts;
    this.size = characters.length + 1;
    // Of each part: the blend's id → its own id, −1 where it does not know the character.
    this.own = parts.map(({ model }) => {
      const ids = new Map(model.characters.map((character, id) => [character, id]));
      return [BOUNDARY, ...characters.map((character) => ids.get(character) ?? -1)];
    });
    this.widths = parts.flatMap(({ model }) => model.network.widths);
  }

  get numbers() {
    return this.parts.reduce((sum, { model }) => sum + model.network.numbers, 0);
  }

  hiddenStates(state) {
    return this.parts.flatMap(({ model }, k) => model.network.hiddenStates(state.inner[k]));
  }

  initialState() {
    return {
      begun: false,
      inner: this.parts.map(({ model }) => model.network.initialState()),
      able: this.parts.map(({ weight }) => weight > 0),
    };
  }

  step(token, { begun, inner, able }) {
    const state = { begun: true, inner: [...inner], able: [...able] };
    const chances = this.parts.map(({ model, start }, k) => {
      const read = begun ? this.own[k][token] : start;
      state.able[k] &&= read >= 0;
      if (!state.able[k]) return null;
      const after = model.network.step(read, inner[k]);
      state.inner[k] = after.state;
      return probabilities(after.logits, 1);
    });
    const heard = this.parts.reduce((sum, { weight }, k) => sum + (state.able[k] ? weight : 0), 0);
    const mean = new Float64Array(this.size);
    this.parts.forEach(({ weight }, k) => {
      if (!state.able[k]) return;
      const own = this.own[k];
      for (let id = 0; id < this.size; id++) if (own[id] >= 0) mean[id] += (weight / heard) * chances[k][own[id]];
    });
    if (heard === 0) mean[BOUNDARY] = 1; // a prefix that nobody knows has the probability 0 itself
    return { state, logits: mean.map(Math.log) };
  }
}

/** Models, each heard with a weight. */
class Blend extends NameSource {
  /**
   * `parts`: [{model, weight, label}], weights of at least 0 that sum to 1. A model of labelled names needs a label, as
   * its names begin behind one of them.
   */
  constructor(parts) {
    const models = parts.map(({ model }) => model);
    const characters = [...new Set(models.flatMap((model) => model.characters.slice(1)))];
    characters.sort((a, b) => a.codePointAt(0) - b.codePointAt(0)); // not by halves of characters
    const begun = parts.map(({ model, weight, label }) => {
      const start = model.starts.find((one) => one.label === label);
      return { model, weight, start: start.token };
    });
    const table = (name) => Object.assign({}, ...models.map(({ description }) => description[name]));
    super({
      parts: models,
      network: new MixedNetwork(begun, characters),
      characters,
      starts: [{ token: BOUNDARY, chance: 1, label: null }],
      spaces: models.flatMap((model) => [...model.spaces]),
      normaliser: new Normaliser({ removal: table("removal"), folding: table("folding") }),
    });
  }
}
