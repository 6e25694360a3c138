// Numbers as text in base 85. namegen/core/checkpoint/metadata.py writes it.

const BASE85_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~";
/** The value of each digit, by its character code. @type {number[]} */
const DIGIT_VALUES = [];
[...BASE85_DIGITS].forEach((digit, value) => {
  DIGIT_VALUES[digit.charCodeAt(0)] = value;
});
const LARGEST_DIGIT = 84; // fills the last group of five digits

/**
 * Decode a text: five digits are four bytes.
 * @param {string} text
 * @returns {ArrayBuffer} the bytes; numbers in it are little-endian, as on all machines that run browsers
 * @throws {Error} the text isn't in base 85
 */
function decodeBase85(text) {
  const words = new DataView(new ArrayBuffer(4 * Math.ceil(text.length / 5)));
  for (let start = 0; start < text.length; start += 5) {
    let word = 0;
    for (let position = start; position < start + 5; position++) {
      const digit = position < text.length ? DIGIT_VALUES[text.charCodeAt(position)] : LARGEST_DIGIT;
      word = 85 * word + digit; // NaN if the character isn't a digit
    }
    if (!(word < 2 ** 32)) throw new Error("this text isn't in base 85");
    words.setUint32((4 * start) / 5, word);
  }
  return words.buffer.slice(0, Math.floor((4 * text.length) / 5));
}

/** @param {string | Uint8Array} data */
function bytesOf(data) {
  return typeof data === "string" ? new Uint8Array(decodeBase85(data)) : data;
}

/**
 * Return numbers of 32 bits; in a text they have 16 bits if `isHalf` is set.
 * @param {string | Float32Array} data
 * @param {boolean} isHalf
 */
function numbersOf(data, isHalf) {
  if (typeof data !== "string") return data;
  const bytes = decodeBase85(data);
  return isHalf ? Float32Array.from(new Uint16Array(bytes), floatFromHalf) : new Float32Array(bytes);
}

/**
 * Convert 16 bits to a number (IEEE 754, binary16).
 * @param {number} bits
 */
function floatFromHalf(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const sign = bits >> 15 ? -1 : 1;
  if (exponent === 31) return NaN; // parameters are finite
  if (exponent === 0) return sign * fraction * 2 ** -14;
  return sign * (1 + fraction) * 2 ** (exponent - 15);
}

/**
 * Return a bit of a bitmap. The bits fill each byte from its lowest bit on.
 * @param {Uint8Array} bytes
 * @param {number} position
 */
function bitAt(bytes, position) {
  return (bytes[position >> 3] >> (position & 7)) & 1;
}
