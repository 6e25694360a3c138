// The first characters of a name, and what the network predicts after them.

/**
 * A prefix of names. Names that start alike share its object, so the network reads each prefix only once, when its
 * output is needed for the first time. A whole name is a prefix too.
 */
class Prefix {
  /**
   * @param {NameSource} model
   * @param {number} token the last character, or a start token
   * @param {Prefix | null} parent the prefix that is one character shorter; null for an empty prefix
   */
  constructor(model, token, parent) {
    this.model = model;
    this.token = token;
    this.parent = parent;
    /** In characters. @type {number} */
    this.length = parent === null ? 0 : parent.length + 1;
    /** The index of the label; 0 if the model has no labels. @type {number} */
    this.label = parent === null ? token - model.startTokens[0].token : parent.label;
    /** The prefixes that are one character longer, by token. @type {Map<number, Prefix> | undefined} */
    this.children = undefined;
    /** The log-probability of the characters, given the start token, at temperature 1. @type {number} */
    this.logProbability =
      parent === null ? 0 : parent.logProbability + Math.log(parent.output.probabilities[token]);
    // Each of these values is computed when it is needed for the first time.
    /** @type {{state: any, probabilities: Float64Array} | undefined} */
    this.cachedOutput = undefined;
    /** @type {NgramState | undefined} */
    this.cachedNgramState = undefined;
    /** @type {boolean | undefined} */
    this.cachedHasListedStart = undefined;
  }

  /** The output of the network: its state, and the probability of each next id at temperature 1, (V). */
  get output() {
    if (this.cachedOutput === undefined) {
      const { network } = this.model;
      const stateBefore = this.parent === null ? network.initialState() : this.parent.output.state;
      const { state, logits } = network.step(this.token, stateBefore);
      this.model.prefixesRead += 1;
      this.cachedOutput = { state, probabilities: softmax(logits, DEFAULT_SAMPLING) };
    }
    return this.cachedOutput;
  }

  /**
   * Return the probability of each next id.
   * @param {Sampling} sampling
   * @returns {Float64Array} (V)
   */
  probabilities(sampling) {
    const { probabilities } = this.output;
    return sampling.temperature === 1 ? probabilities : softmax(probabilities.map(Math.log), sampling);
  }

  /**
   * Return the prefix that is one character longer.
   * @param {number} token
   */
  extend(token) {
    const existing = this.children?.get(token);
    if (existing !== undefined) return existing;
    const child = new Prefix(this.model, token, this);
    if (!this.model.isCacheFull) {
      this.children ??= new Map();
      this.children.set(token, child);
    }
    return child;
  }

  /**
   * Return the first characters, or all if there aren't more.
   * @param {number} length
   * @returns {Prefix}
   */
  shortenedTo(length) {
    return this.length <= length || this.parent === null ? this : this.parent.shortenedTo(length);
  }

  /** The log-probability of the name that ends after this prefix. */
  get endLogProbability() {
    return this.logProbability + Math.log(this.output.probabilities[END_TOKEN]);
  }

  /** The same, but the end counts END_WEIGHT times. Scores depend on it. */
  get scoredLogProbability() {
    const { endLogProbability } = this;
    return endLogProbability + (END_WEIGHT - 1) * (endLogProbability - this.logProbability);
  }

  /** The n-grams of a model that has a scorer. @returns {NgramState} */
  get ngramState() {
    const scorer = /** @type {Scorer} */ (this.model.scorer);
    this.cachedNgramState ??= scorer.ngramStateOf(this);
    return this.cachedNgramState;
  }

  /** Whether a word has just ended, and every name with this prefix starts like a listed company's. */
  get hasListedStart() {
    if (this.cachedHasListedStart === undefined) {
      const isWordEnd = this.length > 0 && this.model.spaces.has(this.model.characters[this.token]);
      this.cachedHasListedStart = isWordEnd && this.model.hasListedStart(this.text);
    }
    return this.cachedHasListedStart;
  }

  /** The ids of the characters. */
  get tokens() {
    const tokens = [];
    for (let prefix = /** @type {Prefix} */ (this); prefix.parent !== null; prefix = prefix.parent) {
      tokens.push(prefix.token);
    }
    return tokens.reverse();
  }

  get text() {
    return this.tokens.map((token) => this.model.characters[token]).join("");
  }
}
