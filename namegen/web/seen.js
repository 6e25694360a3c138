// Whether a name is in the list that the model learned from: namegen/core/data/normalization.py and normalization.py in JavaScript.
// The model carries the front of a digest of every name of its list, taken of what is left without letter case, spaces and
// punctuation; of companies, without their legal forms too.

/** Names in the form in which letter case, spacing, punctuation and Unicode's spellings no longer count. */
class Normalizer {
  /**
   * JavaScript has no case folding, and a browser's Unicode may be another than Python's. So the model brings both
   * tables, for just the characters that its names can come to: `removal` (character → nothing, or a letter that
   * stands for it) and `folding` (character → its case folded). Normal forms are stable between versions of Unicode.
   * `endings`, normalized, do not count at the end of a name; `separators` are the characters between its words.
   * `spellings`: of companies, how the words of legal forms are written, and other words (form → letters).
   */
  constructor({ removal, folding, endings = [], separators = "", spellings = [] }) {
    this.removal = new Map(Object.entries(removal));
    this.folding = new Map(Object.entries(folding));
    this.endings = new Set(endings.filter((ending) => ending !== ""));
    this.longestEnding = Math.max(0, ...Array.from(this.endings, (ending) => ending.length));
    this.separators = new Set(separators);
    this.spellings = spellings.map((table) => new Map(Object.entries(table)));
  }

  get isOfCompanies() {
    return this.endings.size > 0;
  }

  /** The letters of a word as one usually writes them, by its form; undefined: as those of most words. */
  usual(form, isEnding) {
    const [endings, others] = this.spellings;
    return (isEnding ? endings?.get(form) : undefined) ?? others?.get(form);
  }

  /** A word as it is compared; empty where it is nothing but punctuation. */
  formOf(word) {
    return this.remove(this.fullForm(word));
  }

  /** The forms of a name's words; of none that is punctuation alone. */
  wordsOf(name) {
    const separated = Array.from(name, (character) => (this.separators.has(character) ? " " : character)).join("");
    return separated.split(" ").filter((word) => this.formOf(word) !== "");
  }

  /** The form of a name in which nothing is left of what does not count; the same for two names that are one. */
  normalize(name) {
    return this.fullForm(this.withoutEndings(name));
  }

  /** The name without its endings, as long as a word stays; `core/data/normalization.py` says what they are. */
  withoutEndings(name) {
    if (this.endings.size === 0) return name;
    const words = this.wordsOf(name);
    return words.slice(0, this.left(words.map((word) => this.formOf(word)))).join(" ") || name;
  }

  /** How many of these words, as they are compared, are left without the endings. */
  left(forms) {
    for (let count = forms.length; ; ) {
      let end = count;
      let joined = "";
      for (let place = count - 1; place > 0 && joined.length <= this.longestEnding; place--) {
        joined = forms[place] + joined;
        if (this.endings.has(joined)) end = place;
      }
      if (end === count) return count;
      count = end;
    }
  }

  fullForm(name) {
    for (;;) {
      const result = this.remove(this.fold(this.remove(name))) || this.fold(name);
      if (result === name) return result;
      name = result;
    }
  }

  remove(text) {
    return replaceCharacters(text, this.removal);
  }

  /** Unicode's compatibility caseless form (The Unicode Standard, definition D146). */
  fold(text) {
    const once = replaceCharacters(text.normalize("NFD"), this.folding).normalize("NFKD");
    return replaceCharacters(once, this.folding).normalize("NFKC");
  }
}

function replaceCharacters(text, table) {
  let result = "";
  for (const character of text) result += table.get(character) ?? character; // by code point, not by half of one
  return result;
}

/**
 * A set of names or words, `KnownSet` of core/data/normalization.py: of each the front of its digest, a whole number below 256
 * times as many as they are. So one text in 256 that isn't among them is taken for one that is.
 */
class KnownNames {
  /** `text`: the numbers as a Rice code, in base 85. Throws an Error if they're damaged. */
  constructor(text) {
    const bytes = bytesOf(text);
    const { numbers, end } = readRising(bytes, 0);
    this.numbers = numbers;
    this.limit = 256 * numbers.length;
    if (end !== bytes.length || (numbers.length > 0 && numbers.at(-1) >= this.limit)) throw new Error("damaged");
  }

  /** Whether it has a text with this digest. */
  holds(digest) {
    const wanted = Number(((digest >> 32n) * BigInt(this.limit)) >> 32n);
    let low = 0;
    let high = this.numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.numbers[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return this.numbers[low] === wanted;
  }
}

/** The digest of a text, which Normalizer has given, as a BigInt. */
const digestOf = (normalized) => blake2b64(new TextEncoder().encode(normalized));

/** 64 bits that look random: splitmix64 (Steele, Lea and Flood, 2014). */
function scramble(number) {
  const step = 0x9e3779b97f4a7c15n;
  let mixed = BigInt.asUintN(64, number * step + step);
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
  return mixed ^ (mixed >> 31n);
}

// The square roots of the first eight primes, of each the low half first.
const BLAKE2B_START = Uint32Array.of(
  0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a,
  0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19,
);
const BLAKE2B_ORDER = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
  "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
].map((row) => Array.from(row, (digit) => parseInt(digit, 16)));
const BLAKE2B_MIXED = [ // words that are mixed: four columns, then four diagonals
  [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
];

/**
 * BLAKE2b (RFC 7693) with a digest of 8 bytes and no key, as one whole number, little end first. A word of 64 bits is two
 * numbers of 32, the low one first: in V8, BigInts take ten times as long.
 */
function blake2b64(bytes) {
  const h = BLAKE2B_START.slice();
  h[0] ^= 0x01010000 ^ 8; // parameters: fan-out 1, depth 1, no key, 8 bytes
  const blocks = Math.max(1, Math.ceil(bytes.length / 128));
  const padded = new Uint8Array(128 * blocks);
  padded.set(bytes);
  const words = new Uint32Array(padded.buffer);
  const v = new Uint32Array(32);
  for (let block = 0; block < blocks; block++) {
    const isLast = block === blocks - 1;
    const m = words.subarray(32 * block, 32 * (block + 1));
    v.set(h);
    v.set(BLAKE2B_START, 16);
    v[24] ^= isLast ? bytes.length : 128 * (block + 1); // bytes read so far
    if (isLast) for (const half of [28, 29]) v[half] = ~v[half];
    for (let round = 0; round < 12; round++) {
      const order = BLAKE2B_ORDER[round % 10];
      BLAKE2B_MIXED.forEach(([a, b, c, d], k) => {
        const [x, y] = [order[2 * k], order[2 * k + 1]];
        mix(v, 2 * a, 2 * b, 2 * c, 2 * d, m, 2 * x, 2 * y);
      });
    }
    for (let k = 0; k < 16; k++) h[k] ^= v[k] ^ v[k + 16];
  }
  return (BigInt(h[1]) << 32n) | BigInt(h[0]);
}

function mix(v, a, b, c, d, m, x, y) {
  add(v, a, v, b);
  add(v, a, m, x);
  xorAndRotate(v, d, a, 32);
  add(v, c, v, d);
  xorAndRotate(v, b, c, 24);
  add(v, a, v, b);
  add(v, a, m, y);
  xorAndRotate(v, d, a, 16);
  add(v, c, v, d);
  xorAndRotate(v, b, c, 63);
}

/** v[a] += w[b], of words of 64 bits. */
function add(v, a, w, b) {
  const low = v[a] + w[b];
  v[a + 1] += w[b + 1] + (low > 0xffffffff ? 1 : 0);
  v[a] = low;
}

/** v[a] ^= v[b], then its bits move to the right, those that fall out to the left end. */
function xorAndRotate(v, a, b, bits) {
  let low = v[a] ^ v[b];
  let high = v[a + 1] ^ v[b + 1];
  if (bits >= 32) [low, high] = [high, low];
  const right = bits % 32;
  v[a] = right ? (low >>> right) | (high << (32 - right)) : low;
  v[a + 1] = right ? (high >>> right) | (low << (32 - right)) : high;
}

// ---- rude names: namegen/core/data/profanity.py in JavaScript; PROFANITY, which Python writes behind these files, has the hashes ----

/** A hash one character longer: FNV-1a of 32 bits. */
const hashOn = (hash, character) => Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;

/** Whether a name has a stretch of letters that is refused, without what real names have around it. */
function isProfane(name) {
  const [refused, allowed] = (PROFANITY.sets ??= PROFANITY.hashes.map((text) => new Set(new Uint32Array(bytesOfText(text)))));
  const plain = name.toLowerCase().normalize("NFD").replace(/[\u0300-\u030b\u030d-\u036f]/g, "").normalize("NFC");
  const letters = [..." ", ...plain.replace(/[^\p{L}\p{N}]+/gu, " "), " "];
  const isOpen = (place) => (letters[place] === " " ? 0 : 1);
  return letters.some((_, start) => {
    let hash = PROFANITY.start;
    return letters.slice(start, start + PROFANITY.longest).some((letter, k) => {
      hash = hashOn(hash, letter);
      if (!refused.has(hash)) return false;
      const end = start + k;
      return !allowed.has(letters.slice(start - isOpen(start), end + 1 + isOpen(end)).reduce(hashOn, PROFANITY.start));
    });
  });
}
