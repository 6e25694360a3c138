// How the names of listed companies start, so that no new name starts like one of them.
// namegen/core/generation/constraints/claimed.py in JavaScript.

const WILDCARD = "?"; // occurs in no word
const LONG_COMMON_WORD = 6; // letters; a shorter word and its misspelling may be two different words

/**
 * The starts of listed companies' names. A start is the first word, or the first two words if the first one is common.
 * To find misspellings quickly, each start is stored as it is, and with each of its letters replaced by a wildcard.
 */
class ListedCompanies {
  /**
   * @param {string[]} starts the forms of one or two words, with a space between two
   * @param {Normalizer} normalizer
   */
  constructor(starts, normalizer) {
    this.normalizer = normalizer;
    const pairs = starts.filter((start) => start.includes(" "));
    this.commonWords = new Set(pairs.map((pair) => pair.split(" ")[0]));
    const withWildcards = (/** @type {string} */ word) => [word, ...putAtEachIndex(word, WILDCARD, 1)];
    this.spellings = new Set(starts.map((start) => start.replace(" ", "")).flatMap(withWildcards));
    const longCommonWords = [...this.commonWords].filter((word) => word.length >= LONG_COMMON_WORD);
    this.commonWordSpellings = new Set(longCommonWords.flatMap(withWildcards));
  }

  /**
   * Return the forms of a name's words, without "the" at the start if there are more words.
   * @param {string} name
   */
  #formsOf(name) {
    const forms = this.normalizer.wordsOf(name).map((word) => this.normalizer.formOf(word));
    return forms.length > 1 && forms[0] === "the" ? forms.slice(1) : forms;
  }

  /**
   * Return whether a name isn't distinctive enough for a new company: it starts like a listed company's, has the same
   * word twice in a row, or is only a common word or punctuation.
   * @param {string} name
   */
  rejects(name) {
    if (this.hasStartOf(name)) return true;
    const forms = this.#formsOf(this.normalizer.withoutEndings(name));
    const hasRepeatedWord = forms.some((form, k) => form === forms[k - 1]);
    const isCommonWord = forms.length === 1 && this.commonWords.has(this.#formsOf(name)[0]);
    return forms.length === 0 || hasRepeatedWord || isCommonWord;
  }

  /**
   * Return whether a name starts like a listed company's.
   * @param {string} name
   */
  hasStartOf(name) {
    const [first = "", second] = this.#formsOf(name);
    if (!this.commonWords.has(first)) {
      if (isAlmostIn(this.spellings, first) || isAlmostIn(this.commonWordSpellings, first)) return true;
    }
    return second !== undefined && isAlmostIn(this.spellings, first + second);
  }
}

/**
 * Return whether a word, or a word that differs by one letter, is in a set.
 * @param {Set<string>} spellings words with and without wildcards
 * @param {string} word
 */
function isAlmostIn(spellings, word) {
  if (word === "") return false;
  const lookups = [
    word,
    ...putAtEachIndex(word, WILDCARD, 0), // a letter is missing
    ...putAtEachIndex(word, WILDCARD, 1), // a letter is wrong
    ...putAtEachIndex(word, "", 1), // there is an additional letter
  ];
  return lookups.some((lookup) => spellings.has(lookup));
}

/**
 * Put a string at each index of a word, once per result.
 * @param {string} word
 * @param {string} inserted
 * @param {number} replaced how many letters the string replaces, 0 or 1
 */
function putAtEachIndex(word, inserted, replaced) {
  const results = [];
  for (let index = 0; index + replaced <= word.length; index++) {
    results.push(word.slice(0, index) + inserted + word.slice(index + replaced));
  }
  return results;
}
