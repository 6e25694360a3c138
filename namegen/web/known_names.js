// Whether a name is in the list that a model was trained on. `KnownSet` of namegen/core/data/normalization.py in
// JavaScript. The model has the first bits of the hash of each name, so it takes one other name in 256 for a known one.

const KNOWN_SET_SPACE = 256; // the numbers are below this many times their count

/** A set of names or words. It stores a number for each of them, from the first bits of its hash. */
class KnownNames {
  /**
   * @param {string | Uint8Array} data what `KnownSet.to_bytes` of Python wrote: the count of the numbers, their low
   *   bytes, and a bitmap in which the bit k + h is 1 if the k-th number is 256·h and its low byte
   * @throws {Error} the bytes are damaged
   */
  constructor(data) {
    const bytes = bytesOf(data);
    const count = new DataView(bytes.buffer).getUint32(0, true);
    const lowBytes = bytes.subarray(4, 4 + count);
    const bitmap = bytes.subarray(4 + count);
    /** Sorted. @type {number[]} */
    this.numbers = [];
    for (let position = 0; position < 8 * bitmap.length; position++) {
      const k = this.numbers.length;
      if (bitAt(bitmap, position)) this.numbers.push(256 * (position - k) + lowBytes[k]);
    }
    this.limit = KNOWN_SET_SPACE * count;
    const isInRange = count === 0 || this.numbers[count - 1] < this.limit;
    this.numberSet = new Set(this.numbers);
    const isWhole = bitmap.length === Math.ceil(count / 4) && this.numbers.length === count;
    if (!isWhole || !isInRange) throw new Error("damaged");
  }

  /**
   * Return the number that the set stores for a name or word.
   * @param {bigint} hash of its form, 64 bits
   */
  numberOf(hash) {
    return Number(((hash >> 32n) * BigInt(this.limit)) >> 32n);
  }

  /**
   * Return whether a name or word is probably in the set.
   * @param {bigint} hash of the name's form, 64 bits
   */
  has(hash) {
    return this.numberSet.has(this.numberOf(hash));
  }
}

/**
 * Return the hash of a name or word.
 * @param {string} form as a Normalizer returns it
 */
function hashOf(form) {
  return blake2b64(new TextEncoder().encode(form));
}

/**
 * Return 64 bits that look random: splitmix64 (Steele, Lea and Flood, 2014).
 * @param {bigint} number
 */
function scramble(number) {
  const step = 0x9e3779b97f4a7c15n;
  let mixed = BigInt.asUintN(64, number * step + step);
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
  return mixed ^ (mixed >> 31n);
}
