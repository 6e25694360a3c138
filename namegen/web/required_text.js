// Texts that names have to contain.

/** A text that names contain or end with. Letter case doesn't matter. */
class RequiredText {
  /**
   * @param {NameSource} model
   * @param {string} text
   */
  constructor(model, text) {
    this.spellings = model.spellings(text);
    this.idSets = this.spellings.map(({ ids }) => new Set(ids)); // for each letter, the ids that it can stand for
  }

  /** @param {number[]} tokens */
  isIn(tokens) {
    return tokens.some((_, index) => this.#isAt(index, tokens));
  }

  /** @param {number[]} tokens */
  isAtEndOf(tokens) {
    const start = tokens.length - this.idSets.length;
    return start >= 0 && this.#isAt(start, tokens);
  }

  /**
   * @param {number} start
   * @param {number[]} tokens
   */
  #isAt(start, tokens) {
    return this.idSets.every((ids, k) => ids.has(tokens[start + k]));
  }
}
