// Drawing one name.

/**
 * Draw one name with one random number per token. The reference is Generator.draw_one_by_one of Python.
 * @param {Prefix} start the prefix to continue
 * @param {() => number} nextNumber returns the next uniform random number
 * @param {number} temperature
 * @param {number} longest
 * @param {Threshold | null} [threshold]
 * @param {boolean} [onlyNew] whether names that start like a listed company are rejected
 * @returns {{prefix: Prefix | null, numbers: number[]}} the whole name, and the random numbers. The name is null if it
 *   would be too long, can't reach the threshold, or starts like a listed company.
 */
function drawName(start, nextNumber, temperature, longest, threshold = null, onlyNew = false) {
  const numbers = [];
  let prefix = start;
  for (;;) {
    const number = nextNumber();
    numbers.push(number);
    const id = drawId(number, prefix.probabilities(temperature));
    if (id === END_TOKEN) {
      const isGoodEnough = threshold === null || threshold.isReachedBy(prefix);
      return { prefix: isGoodEnough ? prefix : null, numbers };
    }
    if (prefix.length >= longest) return { prefix: null, numbers };
    prefix = prefix.extend(id);
    const isHopeless = threshold !== null && !threshold.canBeReachedFrom(prefix);
    if (isHopeless || (onlyNew && prefix.hasListedStart)) return { prefix: null, numbers };
  }
}
