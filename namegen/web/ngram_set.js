// The n-grams of a list. namegen/core/checkpoint/ngram_set.py in JavaScript.

const NGRAM_ORDER = 5; // symbols of the longest n-grams
const END_SYMBOL = 0; // the symbol after the last character
const PAIR_COUNT = 5; // a missing pair of symbols counts as so many missing n-grams

/** How many n-grams of two to five symbols are missing, by the length of the longest known n-gram at the end. */
const MISSING_BY_ORDER = [3 + PAIR_COUNT, 3 + PAIR_COUNT, 3, 2, 1, 0];

/**
 * The n-grams of a list, from one to NGRAM_ORDER symbols long, as a trie. Nodes are numbered by length, then by parent,
 * then by symbol, so the children of a node follow each other. The first nodes are the empty n-grams, one per label.
 */
class NgramSet {
  /**
   * @param {Uint8Array} bytes what `NgramSet.to_bytes` of Python wrote
   * @param {number} labels how many labels the model has; 1 if it has none
   * @param {number} symbols how many symbols there are: the end, the characters, and the start
   * @throws {Error} the bytes are damaged, or for another model
   */
  constructor(bytes, labels, symbols) {
    checkNgramHead(bytes, labels, symbols);
    this.labels = labels;
    this.symbols = symbols;
    this.firstOfOrder = [0, labels]; // the first node of each order, then the number of nodes
    this.symbol = new Int32Array(labels).fill(-1); // by node: its last symbol
    this.suffix = new Int32Array(labels).fill(-1); // by node: the node without its first symbol
    this.firstChild = new Int32Array(1); // by node: its first child; the last entry is the number of nodes
    this.#readOrders(bytes);
    this.starts = Array.from({ length: labels }, (_, label) => this.#startContext(label));
  }

  /** @param {Uint8Array} bytes */
  #readOrders(bytes) {
    let position = 8;
    for (let order = 1; order <= NGRAM_ORDER; order++) {
      const { numbers, end } = readRising(bytes, position);
      this.#addOrder(numbers);
      position = end;
    }
    if (position !== bytes.length) throw new Error("too long");
  }

  /**
   * Return the context at the start of a name: four start symbols.
   * @param {number} label
   */
  #startContext(label) {
    const startSymbol = this.symbols - 1;
    let context = label;
    for (let k = 1; k < NGRAM_ORDER; k++) context = this.follow(context, startSymbol).context;
    return context;
  }

  /**
   * Add the n-grams that are one symbol longer. The candidates after an n-gram are the children of its suffix; after
   * the empty n-gram, all symbols. They are numbered by n-gram, and the file has the numbers of the known candidates.
   * @param {Float64Array} numbers the number of the k-th known candidate, minus k
   */
  #addOrder(numbers) {
    const [firstParent, firstNode] = this.firstOfOrder.slice(-2);
    const count = numbers.length;
    this.symbol = enlarge(this.symbol, firstNode + count);
    this.suffix = enlarge(this.suffix, firstNode + count);
    this.firstChild = enlarge(this.firstChild, firstNode + 1);
    let candidatesBefore = 0; // the candidates after earlier n-grams
    let k = 0;
    for (let parent = firstParent; parent < firstNode; parent++) {
      this.firstChild[parent] = firstNode + k;
      const { first, length } = this.#candidatesAfter(parent);
      for (; k < count && numbers[k] + k < candidatesBefore + length; k++) {
        this.#addNode(firstNode + k, parent, first + numbers[k] + k - candidatesBefore);
      }
      candidatesBefore += length;
    }
    if (k < count) throw new Error("unknown candidates");
    this.firstChild[firstNode] = firstNode + count;
    this.firstOfOrder.push(firstNode + count);
  }

  /**
   * @param {number} parent
   * @returns {{first: number, length: number}} the first candidate, a symbol or a node, and how many there are
   */
  #candidatesAfter(parent) {
    if (this.#isEmpty(parent)) return { first: 0, length: this.symbols };
    const suffix = this.suffix[parent];
    const first = this.firstChild[suffix];
    return { first, length: this.firstChild[suffix + 1] - first };
  }

  /** @param {number} node */
  #isEmpty(node) {
    return node < this.labels;
  }

  /**
   * @param {number} node
   * @param {number} parent
   * @param {number} candidate a symbol if the parent is empty, otherwise a child of the parent's suffix
   */
  #addNode(node, parent, candidate) {
    const isFirstSymbol = this.#isEmpty(parent);
    this.symbol[node] = isFirstSymbol ? candidate : this.symbol[candidate];
    this.suffix[node] = isFirstSymbol ? parent : candidate;
  }

  /**
   * Return the n-gram that is one symbol longer; −1 if it isn't known.
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
    const isKnown = low < end && this.symbol[low] === symbol;
    return isKnown ? low : -1;
  }

  /**
   * Read one more symbol.
   * @param {number} context the longest known n-gram of up to four symbols before it
   * @param {number} symbol
   * @returns {{context: number, missing: number}} the context after the symbol, and how many of the n-grams of two to
   *   five symbols that end with it are missing; a pair counts as PAIR_COUNT
   */
  follow(context, symbol) {
    const longest = this.#longestWith(context, symbol);
    const order = this.#orderOf(longest);
    const contextAfter = order === NGRAM_ORDER ? this.suffix[longest] : longest;
    return { context: contextAfter, missing: MISSING_BY_ORDER[order] };
  }

  /**
   * Find the longest known n-gram that ends with a symbol. If the symbol is unknown, it is the empty n-gram.
   * @param {number} context
   * @param {number} symbol
   */
  #longestWith(context, symbol) {
    let shorter = context;
    let longest = this.child(shorter, symbol);
    while (longest < 0 && !this.#isEmpty(shorter)) {
      shorter = this.suffix[shorter];
      longest = this.child(shorter, symbol);
    }
    return longest < 0 ? shorter : longest;
  }

  /**
   * Return how many symbols an n-gram has.
   * @param {number} node
   */
  #orderOf(node) {
    let order = 0;
    while (node >= this.firstOfOrder[order + 1]) order += 1;
    return order;
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {number} labels
 * @param {number} symbols
 */
function checkNgramHead(bytes, labels, symbols) {
  const head = new DataView(bytes.buffer, bytes.byteOffset);
  const hasHead = bytes.length >= 8;
  const fitsModel = hasHead && head.getUint32(0, true) === labels && head.getUint32(4, true) === symbols;
  if (!fitsModel) throw new Error("for another model");
}

/**
 * Return a longer copy of an array.
 * @param {Int32Array} numbers
 * @param {number} length
 */
function enlarge(numbers, length) {
  const longer = new Int32Array(length);
  longer.set(numbers.subarray(0, length));
  return longer;
}
