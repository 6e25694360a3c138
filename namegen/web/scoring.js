// Scoring: which new names are good enough to be returned. namegen/core/generation/scoring.py, start_limit.py and
// namegen/core/checkpoint/ngram_set.py in JavaScript; the first of them has the formula.

const ORDER = 5; // symbols of the longest n-grams
const END = 0; // the symbol after the last character
const PAIR_COUNT = 5; // a missing pair of symbols counts as so many missing n-grams
// By the order of the longest known n-gram that ends with a symbol: how many longer ones are missing.
const MISSING = [3 + PAIR_COUNT, 3 + PAIR_COUNT, 3, 2, 1, 0];
const FIRST = 3; // characters of a name's start
const NGRAM_COST = 1.5; // nats for each missing n-gram
const WORD_COST = 2; // missing n-grams that a missing word counts as
const LEAST_SPREAD = 0.25;
const START_FACTOR = 2; // how much more common than in the model a start may be

/**
 * The n-grams of a list, of all orders from 1 to ORDER, as a trie. Nodes are numbered by order, then by parent, then by
 * symbol, so the children of a node follow each other. The first nodes are the empty n-grams, one per label.
 */
class NgramSet {
  /**
   * @param {Uint8Array} bytes what `NgramSet.to_bytes` wrote
   * @param {number} labels how many labels the model has; 1 if it has none
   * @param {number} symbols how many symbols: the end, the characters, and the start
   * @throws {Error} the bytes are damaged, or for another model
   */
  constructor(bytes, labels, symbols) {
    const head = new DataView(bytes.buffer, bytes.byteOffset);
    const fits = bytes.length >= 8 && head.getUint32(0, true) === labels && head.getUint32(4, true) === symbols;
    if (!fits) throw new Error("for another model");
    this.labels = labels;
    this.symbols = symbols;
    this.firstOfOrder = [0, labels]; // the first node of each order, then the number of nodes
    this.symbol = new Int32Array(labels).fill(-1); // by node: its last symbol
    this.suffix = new Int32Array(labels).fill(-1); // by node: the node without its first symbol
    this.firstChild = new Int32Array(1); // by node of less than ORDER symbols, and one more that ends the last one's
    let position = 8;
    for (let order = 1; order <= ORDER; order++) {
      const { numbers, end } = readRising(bytes, position);
      this.addOrder(numbers);
      position = end;
    }
    if (position !== bytes.length) throw new Error("too long");
    this.starts = Array.from({ length: labels }, (_, label) => {
      let context = label;
      for (let k = 1; k < ORDER; k++) context = this.follow(context, symbols - 1).context;
      return context;
    });
  }

  /**
   * Add the n-grams that are one symbol longer. What can follow an n-gram are the children of its suffix; for the empty
   * n-gram, all symbols. These candidates are numbered by n-gram, and the file has the numbers of those that are known.
   * @param {Float64Array} numbers of the k-th known candidate, k less than its number
   */
  addOrder(numbers) {
    const [from, to] = this.firstOfOrder.slice(-2); // the n-grams that are extended
    const count = numbers.length;
    const symbol = grown(this.symbol, to + count);
    const suffix = grown(this.suffix, to + count);
    const firstChild = grown(this.firstChild, to + 1);
    let before = 0; // candidates of earlier n-grams
    let k = 0;
    for (let parent = from; parent < to; parent++) {
      firstChild[parent] = to + k;
      const isEmpty = from === 0;
      const first = isEmpty ? 0 : firstChild[suffix[parent]];
      const candidates = isEmpty ? this.symbols : firstChild[suffix[parent] + 1] - first;
      for (; k < count && numbers[k] + k < before + candidates; k++) {
        const candidate = first + numbers[k] + k - before;
        symbol[to + k] = isEmpty ? candidate : symbol[candidate];
        suffix[to + k] = isEmpty ? parent : candidate;
      }
      before += candidates;
    }
    if (k < count) throw new Error("unknown candidates");
    firstChild[to] = to + count;
    this.firstOfOrder.push(to + count);
    Object.assign(this, { symbol, suffix, firstChild });
  }

  /** The n-gram that is one symbol longer; −1 if it isn't known. */
  child(node, symbol) {
    let low = this.firstChild[node];
    let high = this.firstChild[node + 1];
    const end = high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.symbol[middle] < symbol) low = middle + 1;
      else high = middle;
    }
    return low < end && this.symbol[low] === symbol ? low : -1;
  }

  /**
   * Read one more symbol.
   * @param {number} context the longest known n-gram of up to four symbols before it
   * @param {number} symbol the symbol
   * @returns {{context: number, missing: number}} the context after it, and how many of the n-grams of two to five
   *   symbols that end with it are missing; a pair counts as PAIR_COUNT
   */
  follow(context, symbol) {
    let longest = this.child(context, symbol); // the longest known n-gram that ends with the symbol
    while (longest < 0 && context >= this.labels) {
      context = this.suffix[context];
      longest = this.child(context, symbol);
    }
    if (longest < 0) longest = context;
    let order = 0;
    while (longest >= this.firstOfOrder[order + 1]) order += 1;
    const after = order === ORDER ? this.suffix[longest] : longest;
    return { context: after, missing: MISSING[order] };
  }
}

/** A longer copy of a list of numbers. */
function grown(numbers, length) {
  const longer = new Int32Array(length);
  longer.set(numbers.subarray(0, length));
  return longer;
}

/** Scores the new names of a model, and the prefixes that may become such names. */
class Scorer {
  /**
   * @param {object} metadata of the model; it has n-grams
   * @param {Normalizer} normalizer of the model
   */
  constructor(metadata, normalizer) {
    const characters = [...metadata.vocabulary];
    Object.assign(this, { metadata, normalizer, rules: metadata.score_rules });
    this.symbols = characters.length + 2;
    const isDigit = (character) => /\p{Nd}/u.test(character);
    const firstDigit = characters.findIndex(isDigit) + 1;
    // By token: all digits are the same symbol.
    this.symbolOf = [END, ...characters.map((character, k) => (isDigit(character) ? firstDigit : k + 1))];
    this.space = characters.indexOf(" ") + 1;
    this.wordsAsked = new Map(); // by label and word: whether it is unknown
  }

  /** The n-grams, read when they are first needed. */
  get ngrams() {
    const read = () => new NgramSet(bytesOf(this.metadata.ngrams), Math.max(this.metadata.labels.length, 1), this.symbols);
    return (this.readNgrams ??= undamaged("n-grams", read));
  }

  /** The known words; null: words don't count. */
  get words() {
    const { words } = this.metadata;
    if (this.readWords === undefined) {
      this.readWords = words === null ? null : undamaged("words", () => new KnownNames(words));
    }
    return this.readWords;
  }

  /** Read all of it; a Damage if that can't be done. */
  check() {
    return [this.ngrams, this.words];
  }

  /**
   * What is known of a prefix: {context, missing}. context: the longest known n-gram of up to four symbols that it ends
   * with. missing: how many n-grams it has that the list lacks; a missing word counts as WORD_COST of them.
   */
  tallyOf(prefix) {
    if (!prefix.before) return { context: this.ngrams.starts[prefix.label], missing: 0 };
    return this.read(prefix, prefix.before.tally, this.symbolOf[prefix.token], prefix.token === this.space);
  }

  /** How many n-grams a whole name has that the list lacks. */
  missingOf(prefix) {
    return this.read(prefix, prefix.tally, END, true).missing;
  }

  read(prefix, tally, symbol, isEndOfWord) {
    if (!isEndOfWord || this.words === null) {
      const { context, missing } = this.ngrams.follow(tally.context, symbol);
      return { context, missing: tally.missing + missing };
    }
    // If the list has phrases, the n-grams are those of its words.
    const { missing } = this.ngrams.follow(tally.context, END);
    const costOfWord = this.isNewWord(prefix) ? WORD_COST : 0;
    return { context: this.ngrams.starts[prefix.label], missing: tally.missing + missing + costOfWord };
  }

  /** Whether the last word of a prefix is unknown. */
  isNewWord(prefix) {
    const word = prefix.text.replace(/ +$/, "").split(" ").at(-1);
    const key = `${prefix.label} ${word}`;
    if (!this.wordsAsked.has(key)) {
      const digest = digestOf(this.normalizer.fullForm(word)) ^ scramble(BigInt(prefix.label));
      this.wordsAsked.set(key, !this.words.holds(digest));
    }
    return this.wordsAsked.get(key);
  }

  /** The rule of a label; a model may have one for all. */
  ruleOf(label) {
    return this.rules[Math.min(label, this.rules.length - 1)];
  }

  /** The score of a whole name, in nats. */
  scoreOf(prefix) {
    const rule = this.ruleOf(prefix.label);
    const z = (prefix.endScore - mean(rule, prefix.depth)) / spread(rule, prefix.depth);
    return z - NGRAM_COST * prefix.missingAtEnd;
  }
}

/** The lines of a rule, by the length of a name: μ, and r. */
const mean = ({ mean_level, mean_slope }, length) => mean_level + mean_slope * length;
const spread = ({ spread_level, spread_slope }, length) => Math.max(spread_level + spread_slope * length, LEAST_SPREAD);

/** Tells which names reach the threshold, and which prefixes may. */
class Threshold {
  /** `longest`: characters of the longest name that is wanted. */
  constructor(scorer, longest) {
    Object.assign(this, { scorer, longest });
    this.needed = new Map(); // by rule, then by the number of missing n-grams
  }

  /** Whether a whole name reaches the threshold. */
  isReachedBy(prefix) {
    return prefix.endScore >= this.neededWith(prefix.label, prefix.missingAtEnd).ofNames[prefix.depth];
  }

  /** Whether a prefix may become a name that reaches it. */
  mayBeReachedBy(prefix) {
    const isLikely = (missing) => prefix.score >= this.neededWith(prefix.label, missing).ofPrefixes[prefix.depth];
    // What the shorter prefix lacks is missing here as well; most prefixes fail so, and their words need no look-up.
    return isLikely(prefix.before.tally.missing) && isLikely(prefix.tally.missing);
  }

  /**
   * The log-probability that names with so many missing n-grams need, by their length; and what prefixes need, which is
   * the least of all lengths at which they can end.
   */
  neededWith(label, missing) {
    const rule = this.scorer.ruleOf(label);
    if (!this.needed.has(rule)) this.needed.set(rule, []);
    const ofRule = this.needed.get(rule);
    ofRule[missing] ??= this.computeNeeded(rule, missing);
    return ofRule[missing];
  }

  computeNeeded(rule, missing) {
    const score = rule.threshold + NGRAM_COST * missing;
    const ofNames = Float64Array.from({ length: this.longest + 1 }, (_, length) =>
      mean(rule, length) + score * spread(rule, length),
    );
    const ofPrefixes = ofNames.slice();
    for (let length = this.longest - 1; length >= 0; length--) {
      ofPrefixes[length] = Math.min(ofPrefixes[length], ofPrefixes[length + 1]);
    }
    return { ofNames, ofPrefixes };
  }
}

/**
 * Keeps the first letters varied: among the first k names returned for a label, at most 1 + 2·p·k start with the same
 * three characters, where p is the model's probability of these. Letter case doesn't count.
 */
class StartLimit {
  constructor() {
    this.returned = new Map(); // how many names, by label
    this.withStart = new Map(); // how many names, by label and first characters
  }

  /** Whether a name may be returned now; it's counted as returned. `startProbability`: of its first characters. */
  admits({ text, label, startProbability }) {
    const start = `${label} ${[...text].slice(0, FIRST).join("").toLowerCase()}`;
    const position = (this.returned.get(label) ?? 0) + 1;
    const before = this.withStart.get(start) ?? 0;
    const isAdmitted = before <= START_FACTOR * startProbability * position;
    if (isAdmitted) {
      this.returned.set(label, position);
      this.withStart.set(start, before + 1);
    }
    return isAdmitted;
  }
}
