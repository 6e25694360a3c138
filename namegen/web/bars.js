// How likely a new name has to be in order to be offered: namegen/core/network/bars.py in JavaScript.

const SHARES = [0.05, 0.1, 0.15, 0.33, 0.5]; // of the new names, whose bars a model carries
const EVERY_NAME = 1;
const LADDER = [0.33, EVERY_NAME]; // larger shares, each taken where the one before has no more names

/** Whether bars can be set for a share. */
const isShare = (share) => (share >= SHARES[0] && share <= SHARES.at(-1)) || share === EVERY_NAME;

/** A number of 16 bits: sign, five bits of exponent, ten of fraction. */
function float16(bits) {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const finite = (exponent ? 1024 + fraction : fraction) * 2 ** (Math.max(exponent, 1) - 25);
  return (bits >> 15 ? -1 : 1) * (exponent < 31 ? finite : fraction ? NaN : Infinity);
}

/** A model's bars: how many lengths of names have some, then by label (or a row for all), share and length. */
class Bars {
  constructor(text) {
    const [lengths, ...bars] = new Uint16Array(bytesOfText(text));
    Object.assign(this, { lengths, numbers: bars.map(float16), rows: bars.length / (SHARES.length * lengths) });
  }

  /** Whether they are for names of so many lengths and labels, and fall as the share grows. */
  fit(lengths, labels) {
    const falls = (bar, k) => bar <= (k % (SHARES.length * lengths) < lengths ? Infinity : this.numbers[k - lengths]);
    return this.lengths === lengths && [1, labels].includes(this.rows) && this.numbers.every(falls); // NaN never does
  }

  /** The bars of a share, for each row by the length: of whole names, and the lowest of names as long or longer. */
  at(share) {
    const above = SHARES.findIndex((kept) => kept >= share);
    const below = Math.max(above - 1, 0);
    const between = above ? Math.log(share / SHARES[below]) / Math.log(SHARES[above] / SHARES[below]) : 1;
    return Array.from({ length: this.rows }, (_, row) => {
      const [whole, lowest] = [[], [Infinity]]; // from the longest on
      for (let length = this.lengths; length > 0; length--) {
        const [low, high] = [below, above].map((k) => this.numbers[(row * SHARES.length + k) * this.lengths + length - 1]);
        whole.unshift(between === 1 || !Number.isFinite(high) ? high : low + between * (high - low));
        lowest.unshift(Math.min(whole[0], lowest[0]));
      }
      return { whole: [Infinity, ...whole], lowest: [Infinity, ...lowest] };
    });
  }
}
