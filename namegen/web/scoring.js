// Scores, which decide which new names are returned. namegen/core/scoring/scorer.py in JavaScript; it explains the
// formula.

const END_WEIGHT = 3; // how often the log-probability of the end counts
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
    const { vocabulary, labels, ngrams, words } = metadata;
    const characters = [...vocabulary];
    const isDigit = (/** @type {string} */ character) => /\p{Nd}/u.test(character);
    const digitSymbol = characters.findIndex(isDigit) + 1; // of all digits
    this.metadata = metadata;
    this.normalizer = normalizer;
    this.symbolOfToken = [END_SYMBOL, ...characters.map((character, k) => (isDigit(character) ? digitSymbol : k + 1))];
    this.spaceToken = characters.indexOf(" ") + 1;
    /** By label and word: whether the word is unknown. @type {Map<string, boolean>} */
    this.unknownWords = new Map();
    const symbols = this.symbolOfToken.length + 1; // the end, the characters, and the start
    const labelCount = Math.max(labels.length, 1);
    this.ngrams = new NgramSet(bytesOf(ngrams ?? ""), labelCount, symbols);
    /** The words of the list; null if scores don't depend on words. */
    this.words = words === null ? null : new KnownNames(words);
  }

  /**
   * Return the n-grams of a prefix.
   * @param {Prefix} prefix
   * @returns {NgramState}
   */
  ngramStateOf(prefix) {
    const { parent } = prefix;
    if (parent === null) return { context: this.ngrams.starts[prefix.label], missing: 0 };
    const before = parent.ngramState;
    const isWordEnd = prefix.token === this.spaceToken;
    if (isWordEnd && this.words !== null) return this.#afterWord(prefix, before);
    const { context, missing } = this.ngrams.follow(before.context, this.symbolOfToken[prefix.token]);
    return { context, missing: before.missing + missing };
  }

  /**
   * Return how many of the n-grams of a whole name the list lacks.
   * @param {Prefix} name
   */
  missingInName(name) {
    const { context, missing } = name.ngramState;
    if (this.words !== null) return this.#afterWord(name, name.ngramState).missing;
    return missing + this.ngrams.follow(context, END_SYMBOL).missing;
  }

  /**
   * Return the n-grams after the end of a word. If the list has phrases, its n-grams are those of single words.
   * @param {Prefix} prefix which ends with the word, and perhaps a space
   * @param {NgramState} before
   * @returns {NgramState}
   */
  #afterWord(prefix, before) {
    const { label, text } = prefix;
    const word = text.replace(/ +$/, "").split(" ").at(-1) ?? "";
    const key = `${label} ${word}`;
    let isUnknown = this.unknownWords.get(key);
    if (isUnknown === undefined) {
      const hash = hashOf(this.normalizer.fullForm(word)) ^ scramble(BigInt(label));
      isUnknown = this.words?.has(hash) === false;
      this.unknownWords.set(key, isUnknown);
    }
    const { missing } = this.ngrams.follow(before.context, END_SYMBOL);
    return { context: this.ngrams.starts[label], missing: before.missing + missing + (isUnknown ? WORD_COST : 0) };
  }

  /**
   * Return the rule of a label. A model may have one rule for all labels.
   * @param {number} label
   */
  ruleOf(label) {
    const rules = this.metadata.score_rules;
    return rules[Math.min(label, rules.length - 1)];
  }

  /**
   * Return the score of a whole name, in nats.
   * @param {Prefix} name
   */
  scoreOf(name) {
    const { mean, spread } = lineAt(this.ruleOf(name.label), name.length);
    return (name.scoredLogProbability - mean) / spread - NGRAM_COST * this.missingInName(name);
  }
}

/**
 * Return the mean and the spread of the log-probabilities of names with a length.
 * @param {ScoreRule} rule
 * @param {number} length
 */
function lineAt({ mean_level, mean_slope, spread_level, spread_slope }, length) {
  return {
    mean: mean_level + mean_slope * length,
    spread: Math.max(spread_level + spread_slope * length, LEAST_SPREAD),
  };
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
    const { names } = this.#leastWith(name.label, this.scorer.missingInName(name));
    return name.scoredLogProbability >= names[name.length];
  }

  /**
   * Return whether a name that starts with this prefix can reach the threshold.
   * @param {Prefix} prefix
   */
  canBeReachedFrom(prefix) {
    const isLikely = (/** @type {number} */ missing) =>
      prefix.logProbability >= this.#leastWith(prefix.label, missing).prefixes[prefix.length];
    // The n-grams that the parent lacks are missing here too. Most prefixes fail this check, which is faster.
    const missingBefore = prefix.parent === null ? 0 : prefix.parent.ngramState.missing;
    return isLikely(missingBefore) && isLikely(prefix.ngramState.missing);
  }

  /**
   * @param {number} label
   * @param {number} missing how many n-grams are missing
   */
  #leastWith(label, missing) {
    const rule = this.scorer.ruleOf(label);
    const byMissing = this.cache.get(rule) ?? [];
    if (byMissing.length === 0) this.cache.set(rule, byMissing);
    if (byMissing[missing] === undefined) {
      const leastScore = rule.threshold + NGRAM_COST * missing;
      const names = new Float64Array(this.maxLength + 1);
      names.forEach((_, length) => {
        const { mean, spread } = lineAt(rule, length);
        names[length] = mean + leastScore * spread;
      });
      // A prefix may end at any length from its own on.
      const prefixes = names.slice();
      for (let k = this.maxLength - 1; k >= 0; k--) prefixes[k] = Math.min(prefixes[k], prefixes[k + 1]);
      byMissing[missing] = { names, prefixes };
    }
    return byMissing[missing];
  }
}
