// How likely a new name has to be in order to be offered: namegen/core/network/bars.py in JavaScript.

const SHARES = [0.02, 0.05, 0.1, 0.33, 0.5]; // of the new names, whose bars a model carries
const EVERY_NAME = 1;
const LADDER = [0.1, 0.33, EVERY_NAME]; // larger shares, each taken where the one before has no more names

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

  /**
   * The bars of a share, for each row by the length, up to the longest that is wished: of whole names, and the lowest of
   * names as long or longer.
   */
  at(share, longest = Infinity) {
    const above = SHARES.findIndex((kept) => kept >= share);
    const below = SHARES[above] > share ? above - 1 : above;
    const between = Math.log(share / SHARES[below]) / Math.log(SHARES[above] / SHARES[below]) || 0; // 0 / 0: they meet
    const lengths = Math.min(this.lengths, longest);
    return Array.from({ length: this.rows }, (_, row) => {
      const from = (k) => (row * SHARES.length + k) * this.lengths;
      const [lows, highs] = [below, above].map((k) => this.numbers.slice(from(k), from(k) + lengths));
      const whole = [Infinity, ...lows.map((low, k) => (Number.isFinite(low) ? low + between * (highs[k] - low) : low))];
      const lowest = [...whole];
      for (let length = lengths - 1; length > 0; length--) lowest[length] = Math.min(whole[length], lowest[length + 1]);
      return { whole, lowest };
    });
  }
}
