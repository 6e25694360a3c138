// When a search ends. It counts draws and letters instead of measuring time, so that the same seed gives the same names
// on every machine.

/**
 * Drawing ends after `most` units and `perName` more for each name, or after `inVain` units without a new name.
 * @typedef {{most: number, perName: number, inVain: number}} Limit
 */

/**
 * The limits of a search. If a request is for more than `onTrust` names, only names that have been found count.
 * @typedef {{onTrust: number, draws: Limit, letters: Limit}} Limits
 */

/** @type {Limit} */
const NO_LIMIT = { most: Infinity, perName: 0, inVain: Infinity };

/** @type {Limits} */
const UNFILTERED_LIMITS = {
  onTrust: 10_000,
  draws: { most: 10_000, perName: 20, inVain: 22_000 },
  letters: { most: 100_000, perName: 1000, inVain: 100_000 }, // a name may have a thousand letters
};

/** For names that contain a text or end with it, which are rare. @type {Limits} */
const UNFILTERED_LIMITS_WITH_TEXT = {
  onTrust: 1000,
  draws: NO_LIMIT,
  letters: { most: 30_000, perName: 500, inVain: 80_000 },
};

/** For names that reach the threshold. After so many letters, the second pass is faster. @type {Limits} */
const FILTERED_LIMITS = {
  onTrust: 0,
  draws: NO_LIMIT,
  letters: { most: 30_000, perName: 1500, inVain: Infinity },
};

/** Counts draws and letters until there have been enough. */
class Effort {
  /**
   * @param {Limits} limits
   * @param {number} requestedNames
   */
  constructor(limits, requestedNames) {
    this.limits = limits;
    this.requestedNames = requestedNames;
    this.names = 0; // found so far
    this.draws = 0;
    this.letters = 0;
    this.drawsAtLastName = 0;
    this.lettersAtLastName = 0;
  }

  /**
   * Count a draw.
   * @param {number} letters that it took; the end of the name counts as one
   */
  addDraw(letters) {
    this.draws += 1;
    this.letters += letters;
  }

  /** Count a name. */
  addName() {
    this.names += 1;
    this.drawsAtLastName = this.draws;
    this.lettersAtLastName = this.letters;
  }

  get hasAllNames() {
    return this.names >= this.requestedNames;
  }

  /** Whether a limit is reached. */
  get isSpent() {
    const { draws, letters } = this.limits;
    const reachesDraws = this.#reaches(draws, this.draws, this.drawsAtLastName);
    return reachesDraws || this.#reaches(letters, this.letters, this.lettersAtLastName);
  }

  /**
   * @param {Limit} limit
   * @param {number} count
   * @param {number} countAtLastName
   */
  #reaches({ most, perName, inVain }, count, countAtLastName) {
    const countedNames = Math.min(this.requestedNames, Math.max(this.limits.onTrust, this.names));
    return count >= most + perName * countedNames || count - countAtLastName >= inVain;
  }
}
