// Scores, which decide which new names are returned. namegen/core/scoring/scorer.py in JavaScript; it explains the
// formula.

const NGRAM_COST = 1.5; // nats for each missing n-gram
const WORD_COST = 2; // an unknown word counts as so many missing n-grams
const LEAST_SPREAD = 0.25;

/**
 * The rule that scores the names of a label. Two lines, by the length of a name, are the mean of log-probabilities and
 * their spread.
 * @typedef {object} ScoreRule
 * @property {number} mean_level
 * @property {number} mean_slope
 * @property {number} spread_level
 * @property {number} spread_slope
 * @property {number} threshold
 */

/**
 * The n-grams of a prefix. `context` is the longest known n-gram of up to four symbols at its end. `missing` is how
 * many of its n-grams the list lacks; an unknown word counts as WORD_COST of them.
 * @typedef {{context: number, missing: number}} NgramState
 */

/** Scores the new names of a model, and the prefixes of such names. */
class Scorer {
  /**
   * @param {Metadata} metadata of a model that has n-grams
   * @param {Normalizer} normalizer of the model
   */
  constructor(metadata, normalizer) {
    const characters = [...metadata.vocabulary];
    this.metadata = metadata;
    this.normalizer = normalizer;
    this.rules = metadata.score_rules;
    this.symbols = characters.length + 2; // the end, the characters, and the start
    this.symbolOfToken = [END_SYMBOL, ...symbolsOf(characters)];
    this.spaceToken = characters.indexOf(" ") + 1;
    /** By label and word: whether the word is unknown. @type {Map<string, boolean>} */
    this.unknownWords = new Map();
    /** @type {NgramSet | undefined} */
    this.cachedNgrams = undefined;
    /** @type {KnownNames | undefined} */
    this.cachedWords = undefined;
  }

  /** The n-grams of the list, which are read when they are needed for the first time. */
  get ngrams() {
    this.cachedNgrams ??= readOrDamage("n-grams", () => this.#readNgrams());
    return this.cachedNgrams;
  }

  #readNgrams() {
    const labels = Math.max(this.metadata.labels.length, 1);
    return new NgramSet(bytesFromText(this.metadata.ngrams ?? ""), labels, this.symbols);
  }

  /** The words of the list; null if scores don't depend on words. */
  get words() {
    const { words } = this.metadata;
    if (words === null) return null;
    this.cachedWords ??= readOrDamage("words", () => new KnownNames(words));
    return this.cachedWords;
  }

  /** Read the n-grams and words. Throws a Damage if that is impossible. */
  check() {
    return [this.ngrams, this.words];
  }

  /**
   * Return the n-grams of a prefix.
   * @param {Prefix} prefix
   * @returns {NgramState}
   */
  ngramStateOf(prefix) {
    const { parent } = prefix;
    if (parent === null) return { context: this.ngrams.starts[prefix.label], missing: 0 };
    const isWordEnd = prefix.token === this.spaceToken;
    if (isWordEnd && this.words !== null) return this.#afterWord(prefix, parent.ngramState);
    return this.#afterSymbol(parent.ngramState, this.symbolOfToken[prefix.token]);
  }

  /**
   * Return how many of the n-grams of a whole name the list lacks.
   * @param {Prefix} name
   */
  missingInName(name) {
    if (this.words !== null) return this.#afterWord(name, name.ngramState).missing;
    return this.#afterSymbol(name.ngramState, END_SYMBOL).missing;
  }

  /**
   * @param {NgramState} before
   * @param {number} symbol
   * @returns {NgramState}
   */
  #afterSymbol(before, symbol) {
    const { context, missing } = this.ngrams.follow(before.context, symbol);
    return { context, missing: before.missing + missing };
  }

  /**
   * Return the n-grams after the end of a word. If the list has phrases, its n-grams are those of single words.
   * @param {Prefix} prefix which ends with the word, and perhaps a space
   * @param {NgramState} before
   * @returns {NgramState}
   */
  #afterWord(prefix, before) {
    const { missing } = this.ngrams.follow(before.context, END_SYMBOL);
    const wordCost = this.#isLastWordUnknown(prefix) ? WORD_COST : 0;
    return { context: this.ngrams.starts[prefix.label], missing: before.missing + missing + wordCost };
  }

  /** @param {Prefix} prefix */
  #isLastWordUnknown(prefix) {
    const words = prefix.text.replace(/ +$/, "").split(" ");
    const word = words[words.length - 1];
    const key = `${prefix.label} ${word}`;
    const cached = this.unknownWords.get(key);
    if (cached !== undefined) return cached;
    const isUnknown = !this.#isWordKnown(word, prefix.label);
    this.unknownWords.set(key, isUnknown);
    return isUnknown;
  }

  /**
   * @param {string} word
   * @param {number} label
   */
  #isWordKnown(word, label) {
    const hash = hashOf(this.normalizer.fullForm(word)) ^ scramble(BigInt(label));
    return this.words === null || this.words.has(hash);
  }

  /**
   * Return the rule of a label. A model may have one rule for all labels.
   * @param {number} label
   */
  ruleOf(label) {
    return this.rules[Math.min(label, this.rules.length - 1)];
  }

  /**
   * Return the score of a whole name, in nats.
   * @param {Prefix} name
   */
  scoreOf(name) {
    const rule = this.ruleOf(name.label);
    const deviation = name.endLogProbability - meanOfLength(rule, name.length);
    return deviation / spreadOfLength(rule, name.length) - NGRAM_COST * name.missingInName;
  }
}

/**
 * Return the symbol of each character. All digits are the same symbol.
 * @param {string[]} characters
 */
function symbolsOf(characters) {
  const isDigit = (/** @type {string} */ character) => /\p{Nd}/u.test(character);
  const digitSymbol = characters.findIndex(isDigit) + 1;
  return characters.map((character, k) => (isDigit(character) ? digitSymbol : k + 1));
}

/**
 * @param {ScoreRule} rule
 * @param {number} length of a name
 */
function meanOfLength({ mean_level, mean_slope }, length) {
  return mean_level + mean_slope * length;
}

/**
 * @param {ScoreRule} rule
 * @param {number} length of a name
 */
function spreadOfLength({ spread_level, spread_slope }, length) {
  return Math.max(spread_level + spread_slope * length, LEAST_SPREAD);
}

/**
 * The log-probabilities that names and prefixes need at least, by their length.
 * @typedef {{names: Float64Array, prefixes: Float64Array}} LeastLogProbabilities
 */

/** Finds out whether names reach the threshold, and whether prefixes can still reach it. */
class Threshold {
  /**
   * @param {Scorer} scorer
   * @param {number} maxLength the length of the longest name that can be returned
   */
  constructor(scorer, maxLength) {
    this.scorer = scorer;
    this.maxLength = maxLength;
    /** By rule, then by the number of missing n-grams. @type {Map<ScoreRule, LeastLogProbabilities[]>} */
    this.cache = new Map();
  }

  /**
   * Return whether a whole name reaches the threshold.
   * @param {Prefix} name
   */
  isReachedBy(name) {
    const { names } = this.#leastWith(name.label, name.missingInName);
    return name.endLogProbability >= names[name.length];
  }

  /**
   * Return whether a name that starts with this prefix can reach the threshold.
   * @param {Prefix} prefix
   */
  canBeReachedFrom(prefix) {
    // The n-grams that the parent lacks are missing here too. Most prefixes fail this check, which is faster.
    const missingBefore = prefix.parent === null ? 0 : prefix.parent.ngramState.missing;
    return this.#isLikely(prefix, missingBefore) && this.#isLikely(prefix, prefix.ngramState.missing);
  }

  /**
   * @param {Prefix} prefix
   * @param {number} missing how many n-grams are missing
   */
  #isLikely(prefix, missing) {
    const { prefixes } = this.#leastWith(prefix.label, missing);
    return prefix.logProbability >= prefixes[prefix.length];
  }

  /**
   * @param {number} label
   * @param {number} missing how many n-grams are missing
   */
  #leastWith(label, missing) {
    const rule = this.scorer.ruleOf(label);
    let byMissing = this.cache.get(rule);
    if (byMissing === undefined) {
      byMissing = [];
      this.cache.set(rule, byMissing);
    }
    byMissing[missing] ??= this.#computeLeast(rule, missing);
    return byMissing[missing];
  }

  /**
   * @param {ScoreRule} rule
   * @param {number} missing
   * @returns {LeastLogProbabilities}
   */
  #computeLeast(rule, missing) {
    const leastDeviation = rule.threshold + NGRAM_COST * missing;
    const lengths = Array.from({ length: this.maxLength + 1 }, (_, length) => length);
    const names = Float64Array.from(
      lengths,
      (length) => meanOfLength(rule, length) + leastDeviation * spreadOfLength(rule, length),
    );
    return { names, prefixes: minimaFromHere(names) };
  }
}

/**
 * Return for each index the smallest value from there to the end. A prefix may end at any of these lengths.
 * @param {Float64Array} values
 */
function minimaFromHere(values) {
  const minima = values.slice();
  for (let k = minima.length - 2; k >= 0; k--) minima[k] = Math.min(minima[k], minima[k + 1]);
  return minima;
}
