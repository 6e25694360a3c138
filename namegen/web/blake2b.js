// BLAKE2b (RFC 7693) with hashes of 8 bytes. A word of 64 bits is stored as two numbers of 32 bits, the low one first:
// in V8, BigInt takes ten times as long.

const BLAKE2B_BLOCK_BYTES = 128;
const BLAKE2B_HASH_BYTES = 8;
const BLAKE2B_ROUNDS = 12;

/** The fractions of the square roots of the first eight primes: the initial state. */
const BLAKE2B_START = Uint32Array.of(
  0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a,
  0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19,
);

/** For each round, the order in which the words of the message are mixed in. */
const BLAKE2B_ORDER = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
  "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
].map((row) => Array.from(row, (digit) => parseInt(digit, 16)));

/** The words of the working state that are mixed together: four columns, then four diagonals. */
const BLAKE2B_QUARTETS = [
  [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
];

/**
 * Compute the hash of some bytes.
 * @param {Uint8Array} bytes
 * @returns {bigint} 64 bits
 */
function blake2b64(bytes) {
  const state = BLAKE2B_START.slice();
  state[0] ^= 0x01010000 ^ BLAKE2B_HASH_BYTES; // the parameters: fan-out 1, depth 1, no key
  const blockCount = Math.max(1, Math.ceil(bytes.length / BLAKE2B_BLOCK_BYTES));
  const padded = new Uint8Array(BLAKE2B_BLOCK_BYTES * blockCount);
  padded.set(bytes);
  for (let block = 0; block < blockCount; block++) {
    const message = new Uint32Array(padded.buffer, BLAKE2B_BLOCK_BYTES * block, 32);
    const isLast = block === blockCount - 1;
    const bytesRead = isLast ? bytes.length : BLAKE2B_BLOCK_BYTES * (block + 1);
    compressBlock(state, message, bytesRead, isLast);
  }
  return (BigInt(state[1]) << 32n) | BigInt(state[0]);
}

/**
 * Mix one block into the state.
 * @param {Uint32Array} state eight words of 64 bits, which are changed
 * @param {Uint32Array} message sixteen words of 64 bits
 * @param {number} bytesRead the bytes of the input up to the end of the block
 * @param {boolean} isLast whether it is the last block
 */
function compressBlock(state, message, bytesRead, isLast) {
  const working = new Uint32Array(32); // sixteen words
  working.set(state);
  working.set(BLAKE2B_START, 16);
  working[24] ^= bytesRead;
  if (isLast) {
    working[28] = ~working[28];
    working[29] = ~working[29];
  }
  for (let round = 0; round < BLAKE2B_ROUNDS; round++) mixRound(working, message, BLAKE2B_ORDER[round % 10]);
  for (let k = 0; k < 16; k++) state[k] ^= working[k] ^ working[k + 16];
}

/**
 * @param {Uint32Array} working
 * @param {Uint32Array} message
 * @param {number[]} order
 */
function mixRound(working, message, order) {
  BLAKE2B_QUARTETS.forEach((quartet, k) => {
    const [a, b, c, d] = quartet.map((word) => 2 * word);
    addMessageWord(working, a, b, message, 2 * order[2 * k]);
    xorAndRotate(working, d, a, 32);
    addWord(working, c, working, d);
    xorAndRotate(working, b, c, 24);
    addMessageWord(working, a, b, message, 2 * order[2 * k + 1]);
    xorAndRotate(working, d, a, 16);
    addWord(working, c, working, d);
    xorAndRotate(working, b, c, 63);
  });
}

/**
 * working[a] += working[b] + message[word]
 * @param {Uint32Array} working
 * @param {number} a
 * @param {number} b
 * @param {Uint32Array} message
 * @param {number} word
 */
function addMessageWord(working, a, b, message, word) {
  addWord(working, a, working, b);
  addWord(working, a, message, word);
}

/**
 * sums[a] += values[b], for words of 64 bits.
 * @param {Uint32Array} sums
 * @param {number} a
 * @param {Uint32Array} values
 * @param {number} b
 */
function addWord(sums, a, values, b) {
  const low = sums[a] + values[b];
  const carry = low > 0xffffffff ? 1 : 0;
  sums[a + 1] += values[b + 1] + carry;
  sums[a] = low;
}

/**
 * words[a] ^= words[b], then rotate words[a] to the right, for words of 64 bits.
 * @param {Uint32Array} words
 * @param {number} a
 * @param {number} b
 * @param {number} bits from 1 to 63
 */
function xorAndRotate(words, a, b, bits) {
  let low = words[a] ^ words[b];
  let high = words[a + 1] ^ words[b + 1];
  if (bits >= 32) [low, high] = [high, low];
  const right = bits % 32;
  if (right === 0) {
    words[a] = low;
    words[a + 1] = high;
  } else {
    words[a] = (low >>> right) | (high << (32 - right));
    words[a + 1] = (high >>> right) | (low << (32 - right));
  }
}
