// Random numbers from a seed: xoshiro128** (Blackman and Vigna, 2018), its state filled by splitmix32.
// The same seed gives the same numbers in every browser. docs/use/web.md has both in full.

/** A function that gives the next uniform number in [0, 1), of 53 random bits. `seed`: a whole number below 2^32. */
function randomNumbers(seed) {
  const rotate = (x, bits) => (x << bits) | (x >>> (32 - bits));
  const state = new Uint32Array(4);
  for (let k = 0; k < 4; k++) {
    let z = (seed + Math.imul(k + 1, 0x9e3779b9)) | 0;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    state[k] = z ^ (z >>> 16);
  }
  const next32 = () => {
    const result = Math.imul(rotate(Math.imul(state[1], 5), 7), 9) >>> 0;
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 11);
    return result;
  };
  return () => {
    const high = next32() >>> 5; // 27 bits
    const low = next32() >>> 6; // 26 bits
    return (high * 2 ** 26 + low) / 2 ** 53;
  };
}

/** A seed that nobody chose. */
function newSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}
