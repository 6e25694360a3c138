// Words that names must not contain. `ExcludedWords` of namegen/core/generation/constraints/constraint_list.py in
// JavaScript.

/**
 * Words that no name contains. Letter case, spaces and punctuation don't matter. A word after "=" is excluded only as a
 * whole word: as the whole name, or between spaces or hyphens.
 */
class ExcludedWords {
  /**
   * @param {string[]} words
   * @param {NameSource} model
   */
  constructor(words, model) {
    this.model = model;
    const trimmedWords = words.map((word) => word.trim());
    const wholeWords = trimmedWords.filter((word) => word.startsWith("=")).map((word) => word.slice(1));
    const otherWords = trimmedWords.filter((word) => !word.startsWith("="));
    this.wholeWordForms = new Set(wholeWords.map((word) => this.#formOf(word)).filter(Boolean));
    this.stretches = new Set(otherWords.flatMap((word) => this.#formsOf(word)).filter(Boolean));
  }

  /**
   * Return whether a name contains an excluded word.
   * @param {string} name
   */
  isIn(name) {
    return this.#hasWholeWord(name) || this.#hasStretch(name);
  }

  /** @param {string} name */
  #hasWholeWord(name) {
    if (this.wholeWordForms.size === 0) return false;
    const words = [name, ...name.split(/[\s-]+/u)];
    return words.some((word) => this.wholeWordForms.has(this.#formOf(word)));
  }

  /** @param {string} name */
  #hasStretch(name) {
    if (this.stretches.size === 0) return false;
    const forms = this.#formsOf(name);
    return [...this.stretches].some((stretch) => forms.some((form) => form.includes(stretch)));
  }

  /**
   * Return a text with and without its spaces and punctuation, both in one letter case.
   * @param {string} text
   */
  #formsOf(text) {
    return [this.model.normalizer.fold(text.toLowerCase()), this.#formOf(text)];
  }

  /** @param {string} text */
  #formOf(text) {
    return this.model.normalizer.fullForm(this.model.toKnownCharacters(text));
  }
}
