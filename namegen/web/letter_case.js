// The letter case of names. namegen/core/generation/letter_case.py in JavaScript.

/** @typedef {"original" | "title" | "upper" | "lower"} LetterCase */

/** @type {LetterCase[]} */
const LETTER_CASES = ["original", "title", "upper", "lower"];
const LONGEST_ACRONYM = 4; // letters of a word in capitals that stays so if other words are in mixed case
const LETTER_RUN = /[\p{L}\p{Nl}\p{No}]+(?:['’ʼ][\p{L}\p{Nl}\p{No}]+)*/gu;
const ROMAN_NUMERAL = /^[IVX]{2,}$/;
const INITIALS = /^\p{L}{1,2}(?:&\p{L}{1,2})+$/u; // AT&T
const ORDINAL_ENDING = /(?<=\d)(?:ST|ND|RD|TH)(?![\p{L}\p{N}_])/gu;

/**
 * Return a name in a letter case.
 * @param {string} name
 * @param {LetterCase} letterCase
 * @param {Normalizer} normalizer of the name's model
 */
function writeInCase(name, letterCase, normalizer) {
  switch (letterCase) {
    case "title":
      return new TitleCase(name, normalizer).write();
    case "upper":
      return name.toUpperCase().normalize("NFC");
    case "lower":
      return name.toLowerCase().normalize("NFC");
    default:
      return name;
  }
}

/**
 * Return the letter case in which names are written by default.
 * @param {Normalizer} normalizer
 * @returns {LetterCase}
 */
function defaultLetterCase(normalizer) {
  return normalizer.isForCompanies ? "title" : "original";
}

/** Writes one name in title case. */
class TitleCase {
  /**
   * @param {string} name
   * @param {Normalizer} normalizer
   */
  constructor(name, normalizer) {
    this.normalizer = normalizer;
    this.isLowerCase = name === name.toLowerCase();
    const text = this.isLowerCase ? toCapitals(name) : name;
    this.pieces = text.split(/([\s,]+)/u); // words have even indexes, and the separators between them odd ones
    this.forms = this.pieces.map((piece, index) => (isWordIndex(index) ? normalizer.formOf(piece) : ""));
    this.firstWord = this.pieces[0] === "" ? 2 : 0; // a name may start with a separator
    this.endingStart = this.#findEnding();
    this.isMixedCase = this.#hasMixedCase();
  }

  /** Return the index of the first piece of the legal form; without a legal form, the number of pieces. */
  #findEnding() {
    const wordIndexes = [...this.forms.keys()].filter((index) => this.forms[index] !== "");
    const forms = wordIndexes.map((index) => this.forms[index]);
    const remaining = this.normalizer.countWithoutEndings(forms);
    return wordIndexes[remaining] ?? this.pieces.length;
  }

  /** Return whether the name has words in lower case, and no long word in capitals: then capitals mean something. */
  #hasMixedCase() {
    const words = this.pieces.filter((piece, index) => isWordIndex(index) && piece !== "");
    const beforeEnding = this.pieces.slice(0, this.endingStart);
    const longWords = beforeEnding.filter((piece, index) => isWordIndex(index) && !isShort(piece));
    return !words.every(isInCapitals) && !longWords.some(isInCapitals);
  }

  write() {
    return this.pieces.map((piece, index) => (isWordIndex(index) ? this.#writeWord(piece, index) : piece)).join("");
  }

  /**
   * @param {string} word
   * @param {number} index
   */
  #writeWord(word, index) {
    const isFirst = index <= this.firstWord;
    const isRomanNumeral = !isFirst && ROMAN_NUMERAL.test(word);
    if (!isInCapitals(word) || isRomanNumeral) return word;
    const spelling = this.#specialSpelling(index, isFirst);
    if (spelling !== undefined) return writeWithLetters(word, spelling);
    return this.#isAcronym(word, index) ? word : this.#capitalizeWord(word);
  }

  /**
   * Return how a word of a company is usually written. A first word isn't written in lower case.
   * @param {number} index
   * @param {boolean} isFirst
   */
  #specialSpelling(index, isFirst) {
    if (!this.normalizer.isForCompanies) return undefined;
    const form = this.forms[index];
    const spelling = this.normalizer.usualSpelling(form, index >= this.endingStart);
    const isLowerCase = spelling === form;
    return isFirst && isLowerCase ? undefined : spelling;
  }

  /** Acronyms are recognized in companies' names that aren't all in lower case. */
  get #hasAcronyms() {
    return this.normalizer.isForCompanies && !this.isLowerCase;
  }

  /**
   * @param {string} word in capitals
   * @param {number} index
   */
  #isAcronym(word, index) {
    const isInEnding = index >= this.endingStart;
    const looksLikeAcronym = (this.isMixedCase && isShort(word)) || INITIALS.test(word);
    return this.#hasAcronyms && !isInEnding && looksLikeAcronym;
  }

  /** @param {string} word in capitals */
  #capitalizeWord(word) {
    const withOrdinal = word.replace(ORDINAL_ENDING, (ending) => ending.toLowerCase());
    return withOrdinal.replace(LETTER_RUN, (letters) => capitalizeLetters(letters, this.#hasAcronyms));
  }
}

/** @param {number} index of a piece of a name */
function isWordIndex(index) {
  return index % 2 === 0;
}

/** @param {string} word */
function isShort(word) {
  const letters = word.match(/\p{L}/gu) ?? [];
  return letters.length <= LONGEST_ACRONYM;
}

/**
 * Return a text in capitals. The letter ß stays, as its capital would be two letters.
 * @param {string} text
 */
function toCapitals(text) {
  return text.replace(/[^ß]+/gu, (part) => part.toUpperCase());
}

/** @param {string} word */
function isInCapitals(word) {
  return word === toCapitals(word);
}

/**
 * Write letters in capitals, perhaps with apostrophes, with one capital.
 * @param {string} letters
 * @param {boolean} keepsAcronyms whether letters without a vowel stay as they are
 */
function capitalizeLetters(letters, keepsAcronyms) {
  const hasNoVowel = /^[A-Za-z']{2,}$/.test(letters) && !/[AEIOUY]/.test(letters);
  const isLowerCase = letters === letters.toLowerCase();
  if (isLowerCase || (keepsAcronyms && hasNoVowel)) return letters;
  const parts = letters.split(/(['’ʼ])/u); // names such as O'Neill have two capitals
  const isLikeONeill = parts.length > 2 && parts[0].length === 1 && parts[2].length > 1;
  return parts
    .map((part, index) => {
      const hasCapital = index === 0 || (index === 2 && isLikeONeill);
      return hasCapital ? capitalizeFirst(part) : part.toLowerCase();
    })
    .join("");
}

/** @param {string} word in capitals */
function capitalizeFirst(word) {
  const capitalized = word.slice(0, 1) + word.slice(1).toLowerCase();
  const isLikeMcCoy = /^Mc.{3,}/u.test(capitalized);
  return isLikeMcCoy ? `Mc${capitalized[2].toUpperCase()}${capitalized.slice(3)}` : capitalized;
}

/**
 * Write a word with the letters of another spelling and its own punctuation.
 * @param {string} word
 * @param {string} letters
 */
function writeWithLetters(word, letters) {
  const remaining = [...letters];
  return word.replace(/\p{L}/gu, (letter) => remaining.shift() ?? letter);
}
