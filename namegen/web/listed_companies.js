// How the names of listed companies start, so that no new name starts like one of them.
// namegen/core/generation/constraints/claimed.py in JavaScript.

const WILDCARD = "?"; // occurs in no word
const LONG_COMMON_WORD = 6; // letters; a shorter word and its misspelling may be two different words

/**
 * The starts of listed companies' names. A start is the first word, or the first two words if the first one is common.
 * To find misspellings quickly, each start is stored as it is, and with each of its letters replaced by a wildcard.
 */
class ListedCompanies {
  /** @param {string[]} starts the forms of one or two words, with a space between two */
  constructor(starts) {
    const pairs = starts.filter((start) => start.includes(" "));
    this.commonWords = new Set(pairs.map((pair) => pair.split(" ")[0]));
    const joinedStarts = starts.map((start) => start.replace(" ", ""));
    this.spellings = withWildcards(joinedStarts);
    const longCommonWords = [...this.commonWords].filter((word) => word.length >= LONG_COMMON_WORD);
    this.commonWordSpellings = withWildcards(longCommonWords);
  }

  /**
   * Return whether a name starts like a listed company's.
   * @param {string[]} forms of the name's words
   */
  hasStartOf(forms) {
    const [first = "", second] = withoutThe(forms);
    if (!this.isCommonWord(first) && this.#isStart(first)) return true;
    if (!this.isCommonWord(first) && this.#isMisspelledCommonWord(first)) return true;
    return second !== undefined && this.#isStart(first + second);
  }

  /** @param {string} form */
  isCommonWord(form) {
    return this.commonWords.has(form);
  }

  /** @param {string} form */
  #isStart(form) {
    return form !== "" && spellingsWithin1(form).some((spelling) => this.spellings.has(spelling));
  }

  /** @param {string} form */
  #isMisspelledCommonWord(form) {
    return form !== "" && spellingsWithin1(form).some((spelling) => this.commonWordSpellings.has(spelling));
  }
}

/**
 * Return the forms without "the" at the start, if there are more words.
 * @param {string[]} forms
 */
function withoutThe(forms) {
  return forms.length > 1 && forms[0] === "the" ? forms.slice(1) : forms;
}

/**
 * Return words as they are, and with each letter replaced by a wildcard.
 * @param {string[]} words
 */
function withWildcards(words) {
  return new Set(words.flatMap((word) => [word, ...putAtEachIndex(word, WILDCARD, 1)]));
}

/**
 * Return what a word can be looked up as, so that stored words are found that differ by one letter.
 * @param {string} word
 */
function spellingsWithin1(word) {
  return [
    word,
    ...putAtEachIndex(word, WILDCARD, 0), // a letter is missing
    ...putAtEachIndex(word, WILDCARD, 1), // a letter is wrong
    ...putAtEachIndex(word, "", 1), // there is an additional letter
  ];
}

/**
 * Put a string at each index of a word, once per result.
 * @param {string} word
 * @param {string} inserted
 * @param {number} replaced how many letters the string replaces, 0 or 1
 */
function putAtEachIndex(word, inserted, replaced) {
  const indexes = Array.from({ length: word.length + 1 - replaced }, (_, index) => index);
  return indexes.map((index) => word.slice(0, index) + inserted + word.slice(index + replaced));
}
