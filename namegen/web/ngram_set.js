// The n-grams of a list. namegen/core/checkpoint/ngram_set.py in JavaScript.

const NGRAM_ORDER = 5; // symbols of the longest n-grams
const END_SYMBOL = 0; // the symbol after the last character
const PAIR_COUNT = 5; // a missing pair of symbols counts as so many missing n-grams
const NGRAM_HEAD_BYTES = 8; // the numbers of labels and symbols

/** How many n-grams of two to five symbols are missing, by the length of the longest known n-gram at the end. */
const MISSING_BY_ORDER = [3 + PAIR_COUNT, 3 + PAIR_COUNT, 3, 2, 1, 0];

/**
 * The n-grams of a list, from one to NGRAM_ORDER symbols long, as a trie. Nodes are numbered by length, then by parent,
 * then by symbol, so the children of a node follow each other. The first nodes are the empty n-grams, one per label.
 * The suffix of a node is the n-gram without its first symbol.
 */
class NgramSet {
  /**
   * @param {Uint8Array} bytes what `NgramSet.to_bytes` of Python wrote
   * @param {number} labels how many labels the model has; 1 if it has none
   * @param {number} symbols how many symbols there are: the end, the characters, and the start
   * @throws {Error} the bytes are damaged, or for another model
   */
  constructor(bytes, labels, symbols) {
    const head = new DataView(bytes.buffer, bytes.byteOffset);
    const hasHead = bytes.length >= NGRAM_HEAD_BYTES;
    const fitsModel = hasHead && head.getUint32(0, true) === labels && head.getUint32(4, true) === symbols;
    if (!fitsModel) throw new Error("for another model");
    this.labels = labels;
    this.symbols = symbols;
    this.firstOfOrder = [0, labels]; // the first node of each order, then the number of nodes
    // By node: its last symbol, the node without its first symbol, and its first child. One more child ends the last.
    this.symbol = Array(labels).fill(-1);
    this.suffix = Array(labels).fill(-1);
    /** @type {number[]} */
    this.firstChild = [];
    let position = NGRAM_HEAD_BYTES;
    for (let order = 0; order < NGRAM_ORDER; order++) position = this.#readNextOrder(bytes, position);
    this.firstChild.push(this.symbol.length);
    if (position !== bytes.length) throw new Error("cut short or too long");
    // By label: the context at the start of a name, which is four start symbols.
    this.starts = Array.from({ length: labels }, (_, label) => {
      let context = label;
      for (let k = 1; k < NGRAM_ORDER; k++) context = this.follow(context, symbols - 1).context;
      return context;
    });
  }

  /**
   * Read the n-grams that are one symbol longer. What can follow an n-gram follows its suffix too: the candidates are
   * the children of the suffix; after the empty n-gram, all symbols. The file has a bit for each of them.
   * @param {Uint8Array} bytes
   * @param {number} position of the first byte
   * @returns {number} the position after the last byte
   */
  #readNextOrder(bytes, position) {
    const [firstParent, endOfParents] = this.firstOfOrder.slice(-2);
    let bit = 8 * position;
    for (let parent = firstParent; parent < endOfParents; parent++) {
      this.firstChild[parent] = this.symbol.length;
      const isEmpty = parent < this.labels;
      const first = isEmpty ? 0 : this.firstChild[this.suffix[parent]];
      const end = isEmpty ? this.symbols : this.firstChild[this.suffix[parent] + 1];
      for (let candidate = first; candidate < end; candidate++) {
        if (bitAt(bytes, bit)) {
          this.symbol.push(isEmpty ? candidate : this.symbol[candidate]);
          this.suffix.push(isEmpty ? parent : candidate);
        }
        bit += 1;
      }
      if (bit > 8 * bytes.length) throw new Error("cut short");
    }
    this.firstOfOrder.push(this.symbol.length);
    return Math.ceil(bit / 8);
  }

  /**
   * Return the n-gram that is one symbol longer; −1 if it isn't known. Children are sorted by their symbols.
   * @param {number} node
   * @param {number} symbol
   */
  child(node, symbol) {
    const end = this.firstChild[node + 1];
    let low = this.firstChild[node];
    let high = end;
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
   * @param {number} symbol
   * @returns {{context: number, missing: number}} the context after the symbol, and how many of the n-grams of two to
   *   five symbols that end with it are missing; a pair counts as PAIR_COUNT
   */
  follow(context, symbol) {
    // The longest known n-gram that ends with the symbol. If the symbol is unknown, it is the empty n-gram.
    let shorter = context;
    let longest = this.child(shorter, symbol);
    while (longest < 0 && shorter >= this.labels) {
      shorter = this.suffix[shorter];
      longest = this.child(shorter, symbol);
    }
    if (longest < 0) longest = shorter;
    let order = 0;
    while (longest >= this.firstOfOrder[order + 1]) order += 1;
    const contextAfter = order === NGRAM_ORDER ? this.suffix[longest] : longest;
    return { context: contextAfter, missing: MISSING_BY_ORDER[order] };
  }
}
