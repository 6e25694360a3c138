// The n-grams and known names of a list, as bytes. `NgramSet.union` and the methods `to_bytes` of Python in JavaScript.
// Here an n-gram is a string whose character codes are its symbols.

/**
 * Collect the n-grams of one to five symbols that names contain.
 * @param {number[][]} names the symbols of each name
 * @param {number} startSymbol
 */
function collectNgrams(names, startSymbol) {
  /** @type {Set<string>} */
  const ngrams = new Set();
  for (const symbols of names) {
    const text = String.fromCharCode(...Array(NGRAM_ORDER).fill(startSymbol), ...symbols, END_SYMBOL);
    for (let end = NGRAM_ORDER; end <= text.length; end++) {
      for (let order = 1; order <= NGRAM_ORDER; order++) ngrams.add(text.slice(end - order, end));
    }
  }
  return ngrams;
}

/**
 * Add the n-grams of a label of another set.
 * @param {Set<string>} ngrams
 * @param {NgramSet} other
 * @param {number} node the label's empty n-gram; then each n-gram
 * @param {(number | undefined)[]} newSymbols the symbol that each symbol becomes; undefined if there is none
 * @param {string} [text] the node in the new symbols
 */
function addNgrams(ngrams, other, node, newSymbols, text = "") {
  if (text !== "") ngrams.add(text);
  const isLongest = text.length === NGRAM_ORDER;
  for (let child = other.firstChild[node]; !isLongest && child < other.firstChild[node + 1]; child++) {
    const symbol = newSymbols[other.symbol[child]];
    if (symbol !== undefined) addNgrams(ngrams, other, child, newSymbols, text + String.fromCharCode(symbol));
  }
}

/**
 * Write n-grams as `NgramSet` reads them: for each order, a bit for each candidate.
 * @param {Set<string>} ngrams
 * @param {number} symbols
 */
function ngramBytes(ngrams, symbols) {
  const bytes = [...new Uint8Array(Uint32Array.of(1, symbols).buffer)];
  const allSymbols = Array.from({ length: symbols }, (_, symbol) => String.fromCharCode(symbol));
  /** By n-gram: the symbols after it, in rising order. @type {Map<string, string[]>} */
  let followers = new Map();
  let parents = [""];
  for (let order = 1; order <= NGRAM_ORDER; order++) {
    /** @type {Map<string, string[]>} */
    const nextFollowers = new Map();
    const bits = [];
    const added = [];
    for (const parent of parents) {
      const candidates = order === 1 ? allSymbols : (followers.get(parent.slice(1)) ?? []);
      const known = candidates.filter((symbol) => ngrams.has(parent + symbol));
      bits.push(...candidates.map((symbol) => known.includes(symbol)));
      nextFollowers.set(parent, known);
      added.push(...known.map((symbol) => parent + symbol));
    }
    bytes.push(...bitmapBytes(bits));
    followers = nextFollowers;
    parents = added;
  }
  return Uint8Array.from(bytes);
}

/** @param {boolean[]} bits */
function bitmapBytes(bits) {
  const bytes = Array(Math.ceil(bits.length / 8)).fill(0);
  bits.forEach((bit, position) => {
    if (bit) bytes[position >> 3] |= 1 << (position & 7);
  });
  return bytes;
}

/**
 * Write the names of a list and those of the base model as `KnownNames` reads them. All numbers of a set depend on its
 * size, so the names of the list take the place of as many names of the base model.
 * @param {bigint[]} hashes of the list's names
 * @param {KnownNames} base
 */
function knownNameBytes(hashes, base) {
  const count = base.numbers.length;
  const kept = base.numbers.slice(hashes.length);
  const numbers = [...kept, ...hashes.map((hash) => base.numberOf(hash))].sort((a, b) => a - b);
  /** @type {boolean[]} */
  const bits = Array(2 * count).fill(false);
  numbers.forEach((number, k) => {
    bits[k + (number >> 8)] = true;
  });
  const head = new Uint8Array(Uint32Array.of(count).buffer);
  return Uint8Array.from([...head, ...numbers.map((number) => number & 255), ...bitmapBytes(bits)]);
}
