// Rice codes store sorted whole numbers in few bits. namegen/core/data/rice_code.py in JavaScript.

const RICE_HEAD_BYTES = 5; // four for the count of the numbers, one for the number of low bits of each gap
const MOST_LOW_BITS = 40;
const MOST_NUMBERS = 2 ** 25;

/** Reads single bits. After the last byte, all bits are 0. */
class BitReader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.position = 0;
  }

  /** @param {number} position */
  bitAt(position) {
    return (this.bytes[position >> 3] >> (position & 7)) & 1;
  }

  /**
   * Read a number of so many bits, the lowest bit first.
   * @param {number} start
   * @param {number} bits
   */
  numberAt(start, bits) {
    let number = 0;
    for (let k = bits - 1; k >= 0; k--) number = 2 * number + this.bitAt(start + k);
    return number;
  }

  /** Count the ones from the current position on, and move past the zero after them. */
  readUnary() {
    let ones = 0;
    while (this.bitAt(this.position)) {
      ones += 1;
      this.position += 1;
    }
    this.position += 1;
    return ones;
  }
}

/**
 * Read sorted numbers that `write_rising` of Python wrote.
 * @param {Uint8Array} bytes contains the numbers
 * @param {number} start the index of their first byte
 * @returns {{numbers: Float64Array, end: number}} the numbers, and the index after their last byte
 * @throws {Error} the bytes are cut short or damaged
 */
function readRising(bytes, start) {
  const body = bytes.subarray(start + RICE_HEAD_BYTES);
  const { count, lowBits } = readRiceHead(bytes, start, 8 * body.length);
  const reader = new BitReader(body);
  reader.position = count * lowBits; // the low bits of all gaps come first, then the unary codes
  const numbers = new Float64Array(count);
  let number = 0;
  for (let k = 0; k < count; k++) {
    const high = reader.readUnary();
    const low = reader.numberAt(k * lowBits, lowBits);
    number += high * 2 ** lowBits + low;
    numbers[k] = number;
  }
  if (reader.position > 8 * body.length) throw new Error("cut short");
  return { numbers, end: start + RICE_HEAD_BYTES + Math.ceil(reader.position / 8) };
}

/**
 * @param {Uint8Array} bytes
 * @param {number} start
 * @param {number} bodyBits how many bits follow the head
 * @returns {{count: number, lowBits: number}}
 */
function readRiceHead(bytes, start, bodyBits) {
  if (bytes.length < start + RICE_HEAD_BYTES) throw new Error("cut short");
  const count = new DataView(bytes.buffer, bytes.byteOffset).getUint32(start, true);
  const lowBits = bytes[start + RICE_HEAD_BYTES - 1];
  const leastBits = count * (lowBits + 1);
  const isDamaged = count > MOST_NUMBERS || lowBits > MOST_LOW_BITS || leastBits > bodyBits;
  if (isDamaged) throw new Error("cut short");
  return { count, lowBits };
}
