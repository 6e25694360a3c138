// The letter case of names. namegen/core/generation/letter_case.py in JavaScript.

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
      return writeInTitleCase(name, normalizer);
    case "upper":
      return name.toUpperCase().normalize("NFC");
    case "lower":
      return name.toLowerCase().normalize("NFC");
    default:
      return name;
  }
}

/**
 * Return the letter case in which the names of one or more models are written by default: that of the list, if all of
 * its names have the same.
 * @param {{metadata: Metadata}[]} models
 * @returns {LetterCase}
 */
function defaultLetterCase(models) {
  if (models.length > 1) return "original";
  const { letter_case: ofList, endings } = models[0].metadata;
  return ofList === "original" && endings.length > 0 ? "title" : ofList;
}

/**
 * @param {string} name
 * @param {Normalizer} normalizer
 */
function writeInTitleCase(name, normalizer) {
  const isLowerCase = name === name.toLowerCase();
  const text = isLowerCase ? toCapitals(name) : name;
  const pieces = text.split(/([\s,]+)/u); // words have even indexes, and the separators between them odd ones
  const isWord = (/** @type {number} */ index) => index % 2 === 0 && pieces[index] !== "";
  const words = [...pieces.keys()].filter(isWord); // their indexes
  const forms = pieces.map((piece, index) => (isWord(index) ? normalizer.formOf(piece) : ""));
  // The index of the first piece of the legal form; without a legal form, the number of pieces.
  const wordsWithForm = words.filter((index) => forms[index] !== "");
  const remaining = normalizer.countWithoutEndings(wordsWithForm.map((index) => forms[index]));
  const endingStart = wordsWithForm[remaining] ?? pieces.length;
  // If the name has words in lower case, and no long word in capitals, then capitals mean something.
  const longWords = words.filter((index) => index < endingStart && !isShort(pieces[index]));
  const hasLowerCase = !words.every((index) => isInCapitals(pieces[index]));
  const isMixedCase = hasLowerCase && !longWords.some((index) => isInCapitals(pieces[index]));
  // Acronyms are recognized in companies' names that aren't all in lower case.
  const hasAcronyms = normalizer.isForCompanies && !isLowerCase;

  const writeWord = (/** @type {string} */ word, /** @type {number} */ index) => {
    const isFirst = index === (words[0] ?? 0);
    const isInEnding = index >= endingStart;
    const isRomanNumeral = !isFirst && ROMAN_NUMERAL.test(word);
    if (!isInCapitals(word) || isRomanNumeral) return word;
    // How a word of a company is usually written. A first word isn't written in lower case.
    const form = forms[index];
    const spelling = normalizer.isForCompanies ? normalizer.usualSpelling(form, isInEnding) : undefined;
    if (spelling !== undefined && !(isFirst && spelling === form)) return writeWithLetters(word, spelling);
    const looksLikeAcronym = (isMixedCase && isShort(word)) || INITIALS.test(word);
    if (hasAcronyms && !isInEnding && looksLikeAcronym) return word;
    const withOrdinal = word.replace(ORDINAL_ENDING, (ending) => ending.toLowerCase());
    return withOrdinal.replace(LETTER_RUN, (letters) => capitalizeLetters(letters, hasAcronyms));
  };
  return pieces.map((piece, index) => (isWord(index) ? writeWord(piece, index) : piece)).join("");
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
  const written = parts.map((part, index) => {
    const hasCapital = index === 0 || (index === 2 && isLikeONeill);
    if (!hasCapital) return part.toLowerCase();
    const capitalized = part.slice(0, 1) + part.slice(1).toLowerCase();
    const isLikeMcCoy = /^Mc.{3,}/u.test(capitalized);
    return isLikeMcCoy ? `Mc${capitalized[2].toUpperCase()}${capitalized.slice(3)}` : capitalized;
  });
  return written.join("");
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
