// BLAKE2b (RFC 7693).

const BLAKE2B_BLOCK_BYTES = 128;
const BLAKE2B_ROUNDS = 12;

/** The fractions of the square roots of the first eight primes: the initial state. */
const BLAKE2B_START = BigUint64Array.of(
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
);

/** For each round, the order in which the words of the message are mixed in. */
const BLAKE2B_ORDER = parseRows(
  "0123456789abcdef ea489fd61c02b753 b8c052fdae367194 7931dcbe265a40f8 905724afe1bc683d " +
    "2c6a0b834d75fe19 c51fed4a0763928b db7ec13950f4862a 6fe9b308c2d714a5 a2847615fb9e3cd0",
);

/** The words of the working state that are mixed together: four columns, then four diagonals. */
const BLAKE2B_QUARTETS = parseRows("048c 159d 26ae 37bf 05af 16bc 278d 349e");

/**
 * Read rows of hexadecimal digits.
 * @param {string} text
 */
function parseRows(text) {
  return text.split(" ").map((row) => Array.from(row, (digit) => parseInt(digit, 16)));
}

/**
 * Compute a hash of 8 bytes.
 * @param {Uint8Array} bytes
 */
function blake2b64(bytes) {
  return computeBlake2b(bytes, 8)[0];
}

/**
 * Compute a hash as hexadecimal digits.
 * @param {Uint8Array} bytes
 * @param {number} hashBytes
 */
function blake2b(bytes, hashBytes) {
  const hash = new Uint8Array(computeBlake2b(bytes, hashBytes).buffer, 0, hashBytes);
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {Uint8Array} bytes
 * @param {number} hashBytes
 * @returns {BigUint64Array} which starts with the hash
 */
function computeBlake2b(bytes, hashBytes) {
  const state = BLAKE2B_START.slice();
  state[0] ^= 0x01010000n ^ BigInt(hashBytes); // the parameters: fan-out 1, depth 1, no key
  const blockCount = Math.max(1, Math.ceil(bytes.length / BLAKE2B_BLOCK_BYTES));
  const padded = new Uint8Array(BLAKE2B_BLOCK_BYTES * blockCount);
  padded.set(bytes);
  for (let block = 0; block < blockCount; block++) {
    const message = new BigUint64Array(padded.buffer, BLAKE2B_BLOCK_BYTES * block, 16);
    const isLast = block === blockCount - 1;
    const bytesRead = isLast ? bytes.length : BLAKE2B_BLOCK_BYTES * (block + 1);
    const working = new BigUint64Array(16); // its words wrap around at 64 bits
    working.set(state);
    working.set(BLAKE2B_START, 8);
    working[12] ^= BigInt(bytesRead);
    if (isLast) working[14] = ~working[14];
    for (let round = 0; round < BLAKE2B_ROUNDS; round++) {
      const order = BLAKE2B_ORDER[round % 10];
      BLAKE2B_QUARTETS.forEach(([a, b, c, d], k) => {
        working[a] += working[b] + message[order[2 * k]];
        working[d] = rotateRight(working[d] ^ working[a], 32n);
        working[c] += working[d];
        working[b] = rotateRight(working[b] ^ working[c], 24n);
        working[a] += working[b] + message[order[2 * k + 1]];
        working[d] = rotateRight(working[d] ^ working[a], 16n);
        working[c] += working[d];
        working[b] = rotateRight(working[b] ^ working[c], 63n);
      });
    }
    state.forEach((word, k) => {
      state[k] = word ^ working[k] ^ working[k + 8];
    });
  }
  return state;
}

/**
 * @param {bigint} word 64 bits
 * @param {bigint} bits
 * @returns {bigint} whose lowest 64 bits count
 */
function rotateRight(word, bits) {
  return (word >> bits) | (word << (64n - bits));
}
