// The limit on names with the same opening, which is the first three characters of a name.
// namegen/core/generation/opening_limit.py in JavaScript.

const OPENING_LENGTH = 3; // characters of an opening
const OPENING_FACTOR = 2; // how much more common than in the model an opening may be

/** @typedef {{text: string, label: number, openingProbability: number}} NameWithOpening */

/**
 * Keeps the first letters of names varied: among the first k names returned for a label, at most 1 + 2·p·k have the
 * same opening, where p is the model's probability of this opening. Letter case doesn't matter.
 */
class OpeningLimit {
  constructor() {
    /** How many names were returned, by label. @type {Map<number, number>} */
    this.returned = new Map();
    /** How many names were returned, by label and opening. @type {Map<string, number>} */
    this.returnedWithOpening = new Map();
  }

  /**
   * Return whether a name may be returned now. If so, it counts as returned.
   * @param {NameWithOpening} name
   */
  admits({ text, label, openingProbability }) {
    const opening = [...text].slice(0, OPENING_LENGTH).join("").toLowerCase();
    const key = `${label} ${opening}`;
    const position = (this.returned.get(label) ?? 0) + 1;
    const sameOpening = this.returnedWithOpening.get(key) ?? 0;
    if (sameOpening > OPENING_FACTOR * openingProbability * position) return false;
    this.returned.set(label, position);
    this.returnedWithOpening.set(key, sameOpening + 1);
    return true;
  }
}
