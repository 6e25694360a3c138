// Whether two names are the same. namegen/core/data/normalization.py in JavaScript.

/**
 * What a model's data say about normalization. Tables map characters, or forms of words, to strings.
 * @typedef {object} NormalizationTables
 * @property {Record<string, string>} removal characters that don't count, and what replaces each
 * @property {Record<string, string>} folding the case folding of characters
 * @property {string[]} [endings] for companies: normalized legal forms, which don't count at the end of a name
 * @property {string} [separators] the characters between words
 * @property {Record<string, string>[]} [spellings] for companies: how the words of legal forms are written, then how
 *   other words are written, by their form
 */

/**
 * Converts names to the form in which they are compared: without letter case, spaces, punctuation, differences of
 * Unicode encodings and, for companies, legal forms.
 *
 * JavaScript has no case folding, and the browser's version of Unicode may differ from Python's. So the model has
 * tables for all characters that its names can be converted to. Unicode's normal forms are stable between versions.
 */
class Normalizer {
  /** @param {NormalizationTables} tables */
  constructor({ removal, folding, endings = [], separators = "", spellings = [] }) {
    this.removal = new Map(Object.entries(removal));
    this.folding = new Map(Object.entries(folding));
    this.endings = new Set(endings.filter((ending) => ending !== ""));
    const endingLengths = [...this.endings].map((ending) => ending.length);
    this.longestEnding = Math.max(0, ...endingLengths);
    this.separators = new Set(separators);
    const [endingSpellings = {}, wordSpellings = {}] = spellings;
    this.endingSpellings = new Map(Object.entries(endingSpellings));
    this.wordSpellings = new Map(Object.entries(wordSpellings));
  }

  get isForCompanies() {
    return this.endings.size > 0;
  }

  /**
   * Return the usual spelling of a word, if there is a special one.
   * @param {string} form the word in the form in which it is compared
   * @param {boolean} isInEnding whether the word is part of a legal form
   * @returns {string | undefined}
   */
  usualSpelling(form, isInEnding) {
    const endingSpelling = isInEnding ? this.endingSpellings.get(form) : undefined;
    return endingSpelling ?? this.wordSpellings.get(form);
  }

  /**
   * Return the form in which a word is compared. A word of punctuation has the form "".
   * @param {string} word
   */
  formOf(word) {
    return replaceCharacters(this.fullForm(word), this.removal);
  }

  /**
   * Return the words of a name, except for those that consist of punctuation.
   * @param {string} name
   */
  wordsOf(name) {
    const characters = Array.from(name, (character) => (this.separators.has(character) ? " " : character));
    const words = characters.join("").split(" ");
    return words.filter((word) => this.formOf(word) !== "");
  }

  /**
   * Return the form of a name. Two names are the same if their forms are equal.
   * @param {string} name
   */
  normalize(name) {
    return this.fullForm(this.withoutEndings(name));
  }

  /**
   * Remove the legal forms at the end of a company's name. One word always stays.
   * @param {string} name
   */
  withoutEndings(name) {
    if (!this.isForCompanies) return name;
    const words = this.wordsOf(name);
    const forms = words.map((word) => this.formOf(word));
    const remainingWords = words.slice(0, this.countWithoutEndings(forms));
    return remainingWords.join(" ") || name;
  }

  /**
   * Count the words that stay if legal forms are removed from the end.
   * @param {string[]} forms of the name's words
   * @returns {number}
   */
  countWithoutEndings(forms) {
    let start = forms.length; // of the longest legal form at the end
    let joined = "";
    for (let k = forms.length - 1; k > 0 && joined.length <= this.longestEnding; k--) {
      joined = forms[k] + joined;
      if (this.endings.has(joined)) start = k;
    }
    return start === forms.length ? start : this.countWithoutEndings(forms.slice(0, start));
  }

  /**
   * Return the form of a string. Legal forms stay in it, and so does punctuation if the string has nothing else.
   * @param {string} text
   * @returns {string}
   */
  fullForm(text) {
    const letters = replaceCharacters(this.fold(replaceCharacters(text, this.removal)), this.removal);
    const form = letters || this.fold(text);
    return form === text ? form : this.fullForm(form); // a form may have to be normalized again
  }

  /**
   * Return Unicode's compatibility caseless form (The Unicode Standard, definition D146).
   * @param {string} text
   */
  fold(text) {
    const foldedOnce = replaceCharacters(text.normalize("NFD"), this.folding).normalize("NFKD");
    return replaceCharacters(foldedOnce, this.folding).normalize("NFKC");
  }
}

/**
 * Replace the characters that are in the table.
 * @param {string} text
 * @param {Map<string, string>} table
 */
function replaceCharacters(text, table) {
  let result = "";
  for (const character of text) result += table.get(character) ?? character;
  return result;
}
