// The limit on names that start alike. namegen/core/generation/start_limit.py in JavaScript.

const START_LENGTH = 3; // characters of a name's start
const START_FACTOR = 2; // how much more common than in the model a start may be

/** @typedef {{text: string, label: number, startProbability: number}} NameWithStart */

/**
 * Keeps the first letters of names varied: among the first k names returned for a label, at most 1 + 2·p·k start with
 * the same three characters, where p is the model's probability of these characters. Letter case doesn't matter.
 */
class StartLimit {
  constructor() {
    /** How many names were returned, by label. @type {Map<number, number>} */
    this.returned = new Map();
    /** How many names were returned, by label and start. @type {Map<string, number>} */
    this.returnedWithStart = new Map();
  }

  /**
   * Return whether a name may be returned now. If so, it counts as returned.
   * @param {NameWithStart} name
   */
  admits({ text, label, startProbability }) {
    const start = [...text].slice(0, START_LENGTH).join("").toLowerCase();
    const key = `${label} ${start}`;
    const position = (this.returned.get(label) ?? 0) + 1;
    const sameStart = this.returnedWithStart.get(key) ?? 0;
    if (sameStart > START_FACTOR * startProbability * position) return false;
    this.returned.set(label, position);
    this.returnedWithStart.set(key, sameStart + 1);
    return true;
  }
}
