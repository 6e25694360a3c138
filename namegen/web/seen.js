// Whether a name is in the list that the model learned from: namegen/core/data/sameness.py and sameness.py in JavaScript.
// The model carries the front of a digest of every name of its list, taken of what is left without letter case, spaces and
// punctuation; of companies, without their legal forms too.

/** Names in the form in which letter case, spacing, punctuation and Unicode's spellings no longer count. */
class Normaliser {
  /**
   * JavaScript has no case folding, and a browser's Unicode may be another than Python's. So the model brings both
   * tables, for just the characters that its names can come to: `removal` (character → nothing, or a letter that
   * stands for it) and `folding` (character → its case folded). Normal forms are stable between versions of Unicode.
   * `endings`, normalised, do not count at the end of a name; `separators` are the characters between its words.
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
  normalise(name) {
    return this.fullForm(this.withoutEndings(name));
  }

  /** The name without its endings, as long as a word stays; `core/data/sameness.py` says what they are. */
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
 * The list's names, each as the front of its digest: whole numbers below 256 times as many as they are, so that one
 * name in 256 that is none of them is taken for one. `KnownSet` in core/data/sameness.py writes them: how many they
 * are, the low 7 bits of the gap before each, how often each gap holds 128, in ones that a zero ends.
 */
class KnownNames {
  constructor(text) {
    const bytes = new Uint8Array(bytesOfText(text));
    const bit = (place) => (bytes[4 + (place >> 3)] >> (place & 7)) & 1; // undefined >> 0 is 0: no loop without end
    this.count = bytes.length < 4 ? NaN : new DataView(bytes.buffer).getUint32(0, true);
    this.numbers = new Float64Array(Math.min(this.count, 8 * bytes.length) || 0);
    let place = 7 * this.numbers.length;
    for (let k = 0, number = 0; k < this.numbers.length; k++, place++) {
      for (let low = 0; low < 7; low++) number += bit(7 * k + low) << low;
      for (; bit(place); place++) number += 128;
      this.numbers[k] = number;
    }
    this.bytes = 4 + Math.ceil(place / 8); // that they should take
    this.whole = this.bytes === bytes.length && this.numbers.length === this.count;
  }

  /** `normalised`: a name as Normaliser gives it. */
  has(normalised) {
    return this.holds(blake2b64(new TextEncoder().encode(normalised)));
  }

  holds(digest) {
    const wanted = Number(((digest >> 32n) * BigInt(256 * this.count)) >> 32n);
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

/** Which four characters in a row the names of a list have: namegen/core/data/fourgrams.py in JavaScript. */
class FourGrams extends KnownNames {
  /** `points`: of four in a row, the number of each, 0 for the boundary; of labelled names that of the label first. */
  has(points) {
    const next = (number, point) => BigInt.asUintN(64, number * 0x100000001b3n + BigInt(point));
    return this.holds(scramble(points.reduce(next, 0n)));
  }
}

/** 64 bits that look random: splitmix64 (Steele, Lea and Flood, 2014). */
function scramble(number) {
  const step = 0x9e3779b97f4a7c15n;
  let mixed = BigInt.asUintN(64, number * step + step);
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
  return mixed ^ (mixed >> 31n);
}

const BLAKE2B_START = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];
const BLAKE2B_ORDER = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
  "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
].map((row) => Array.from(row, (digit) => parseInt(digit, 16)));

/** BLAKE2b (RFC 7693) with a digest of 8 bytes and no key, as one whole number, little end first. */
function blake2b64(bytes) {
  const h = BigUint64Array.from(BLAKE2B_START); // an array of 64-bit numbers: sums wrap as they are stored
  h[0] ^= 0x01010000n ^ 8n; // parameters: fan-out 1, depth 1, no key, 8 bytes
  const blocks = Math.max(1, Math.ceil(bytes.length / 128));
  const padded = new Uint8Array(128 * blocks);
  padded.set(bytes);
  const words = new BigUint64Array(padded.buffer);
  for (let block = 0; block < blocks; block++) {
    const last = block === blocks - 1;
    const m = words.subarray(16 * block, 16 * (block + 1));
    const v = BigUint64Array.from([...h, ...BLAKE2B_START]);
    v[12] ^= BigInt(last ? bytes.length : 128 * (block + 1)); // bytes read so far
    if (last) v[14] = ~v[14];
    for (let round = 0; round < 12; round++) {
      const order = BLAKE2B_ORDER[round % 10];
      for (let k = 0; k < 8; k++) {
        const shift = k < 4 ? 0 : 1; // four columns, then four diagonals
        const [a, b, c, d] = [0, 1, 2, 3].map((row) => 4 * row + ((k + shift * row) % 4));
        mix(v, a, b, c, d, m[order[2 * k]], m[order[2 * k + 1]]);
      }
    }
    for (let k = 0; k < 8; k++) h[k] ^= v[k] ^ v[k + 8];
  }
  return h[0];
}

function mix(v, a, b, c, d, x, y) {
  v[a] = v[a] + v[b] + x;
  v[d] = rotateRight(v[d] ^ v[a], 32n);
  v[c] = v[c] + v[d];
  v[b] = rotateRight(v[b] ^ v[c], 24n);
  v[a] = v[a] + v[b] + y;
  v[d] = rotateRight(v[d] ^ v[a], 16n);
  v[c] = v[c] + v[d];
  v[b] = rotateRight(v[b] ^ v[c], 63n);
}

function rotateRight(word, bits) {
  return (word >> bits) | (word << (64n - bits)); // what is shifted beyond 64 bits goes as it is stored
}

// ---- rude names: namegen/core/data/rude.py in JavaScript; RUDE, which Python writes behind these files, has the hashes ----

/** A hash one character longer: FNV-1a of 32 bits. */
const hashOn = (hash, character) => Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;

/** Whether a name has a stretch of letters that is refused, without what real names have around it. */
function isRude(name) {
  const [refused, allowed] = (RUDE.sets ??= RUDE.hashes.map((text) => new Set(new Uint32Array(bytesOfText(text)))));
  const plain = name.toLowerCase().normalize("NFD").replace(/[\u0300-\u030b\u030d-\u036f]/g, "").normalize("NFC");
  const letters = [..." ", ...plain.replace(/[^\p{L}\p{N}]+/gu, " "), " "];
  const isOpen = (place) => (letters[place] === " " ? 0 : 1);
  return letters.some((_, start) => {
    let hash = RUDE.start;
    return letters.slice(start, start + RUDE.longest).some((letter, k) => {
      hash = hashOn(hash, letter);
      if (!refused.has(hash)) return false;
      const end = start + k;
      return !allowed.has(letters.slice(start - isOpen(start), end + 1 + isOpen(end)).reduce(hashOn, RUDE.start));
    });
  });
}
