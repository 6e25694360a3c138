// Rice codes: rising whole numbers in few bits. namegen/core/data/rice_code.py in JavaScript.

const RICE_HEAD_BYTES = 5; // four for how many numbers there are, one for how many low bits each gap has
const MOST_LOW_BITS = 40;
const MOST_NUMBERS = 2 ** 25;

/**
 * Read what `write_rising` wrote.
 * @param {Uint8Array} bytes they contain the numbers
 * @param {number} start where the numbers start
 * @returns {{numbers: Float64Array, end: number}} the numbers, and where their bytes end
 * @throws {Error} the bytes are cut short or damaged
 */
function readRising(bytes, start) {
  const body = bytes.subarray(start + RICE_HEAD_BYTES);
  const hasHead = bytes.length >= start + RICE_HEAD_BYTES;
  const count = hasHead ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(start, true) : 0;
  const lowBits = hasHead ? bytes[start + RICE_HEAD_BYTES - 1] : Infinity;
  const bitCount = 8 * body.length;
  const isCut = count > MOST_NUMBERS || lowBits > MOST_LOW_BITS || count * (lowBits + 1) > bitCount;
  if (isCut) throw new Error("cut short");

  const bit = (place) => (body[place >> 3] >> (place & 7)) & 1; // behind the last byte 0
  const numbers = new Float64Array(count);
  let place = count * lowBits; // the low bits of all gaps come first
  let number = 0;
  for (let k = 0; k < count; k++) {
    let low = 0;
    for (let i = lowBits - 1; i >= 0; i--) low = 2 * low + bit(k * lowBits + i);
    let rest = 0;
    for (; bit(place); place++) rest += 1;
    place += 1; // the zero behind the ones
    number += rest * 2 ** lowBits + low;
    numbers[k] = number;
  }
  if (place > bitCount) throw new Error("cut short");
  return { numbers, end: start + RICE_HEAD_BYTES + Math.ceil(place / 8) };
}
