// Random numbers from a seed: xoshiro128** (Blackman and Vigna, 2018). splitmix32 fills its state from the seed. The
// same seed gives the same numbers in every browser. docs/guides/web-page.md has both algorithms in full.

/** A generator of uniform random numbers. */
class RandomNumbers {
  /** @param {number} seed a whole number below 2^32 */
  constructor(seed) {
    this.state = new Uint32Array(4);
    for (let k = 0; k < 4; k++) {
      let word = (seed + Math.imul(k + 1, 0x9e3779b9)) | 0;
      word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
      word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
      this.state[k] = word ^ (word >>> 16);
    }
  }

  /** Return a number in [0, 1) with 53 random bits. */
  next() {
    const high = this.#nextWord() >>> 5; // 27 bits
    const low = this.#nextWord() >>> 6; // 26 bits
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** Return 32 random bits. */
  #nextWord() {
    const { state } = this;
    const word = Math.imul(rotateLeft(Math.imul(state[1], 5), 7), 9) >>> 0;
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotateLeft(state[3], 11);
    return word;
  }
}

/**
 * @param {number} word 32 bits
 * @param {number} bits
 */
function rotateLeft(word, bits) {
  return (word << bits) | (word >>> (32 - bits));
}
