// What a request demands of every name. namegen/core/generation/constraints in JavaScript.

/** The constraints of a request. */
class Constraints {
  /**
   * @param {SearchRequest} request
   * @param {NameSource} model
   */
  constructor(request, model) {
    this.model = model;
    this.allowProfanity = request.allowProfanity;
    // For each letter of a text, the ids of the characters that it can stand for.
    this.startsWith = model.spellings(request.startsWith);
    this.contains = model.spellings(request.contains);
    this.endsWith = model.spellings(request.endsWith);
    this.longestText = Math.max(this.startsWith.length, this.contains.length, this.endsWith.length);
    // Words that no name contains; after "=", only as a whole word: as the whole name, or between spaces or hyphens.
    const words = request.excludeWords.map((word) => word.trim());
    const wholeWords = words.filter((word) => word.startsWith("=")).map((word) => this.#formOf(word.slice(1)));
    const stretches = words.filter((word) => !word.startsWith("=")).flatMap((word) => this.#formsOf(word));
    this.excludedWords = new Set(wholeWords.filter(Boolean));
    this.excludedStretches = new Set(stretches.filter(Boolean));
  }

  /**
   * Return why no name can satisfy the request; null if there may be such names. The network isn't needed for that.
   * @param {SearchRequest} request
   * @param {number} maxLength
   */
  findProblem({ startsWith, endsWith, minLength }, maxLength) {
    const hasSpaceAtEnd = /^\s/u.test(startsWith) || /\s$/u.test(endsWith);
    if (hasSpaceAtEnd) return "A name can’t start or end with a space. Remove the space.";
    const letters = [...this.startsWith, ...this.contains, ...this.endsWith];
    const unknown = letters.find(({ ids }) => ids.length === 0);
    if (unknown !== undefined) {
      const subject = this.model.parts.length > 1 ? "These models don’t" : "This model doesn’t";
      return `${subject} know the letter “${unknown.letter}”. Try other letters.`;
    }
    const leastLength = Math.max(minLength ?? 1, this.longestText);
    if (leastLength <= maxLength) return null;
    return "No name fits these lengths. Raise the longest length, or use fewer letters.";
  }

  /**
   * Return whether a whole name that has the requested start satisfies the request.
   * @param {Prefix} name
   * @param {number} minLength
   */
  accept(name, minLength) {
    const { tokens } = name;
    const { contains, endsWith } = this;
    if (name.length < minLength || !hasTextAt(tokens, tokens.length - endsWith.length, endsWith)) return false;
    if (!tokens.some((_, start) => hasTextAt(tokens, start, contains))) return false; // an empty name has no start
    const { text } = name;
    if (!this.model.isWellFormed(text) || this.#hasExcludedWord(text)) return false;
    return this.allowProfanity || !isProfane(text);
  }

  /** @param {string} name */
  #hasExcludedWord(name) {
    if (this.excludedWords.size > 0) {
      const words = [name, ...name.split(/[\s-]+/u)];
      if (words.some((word) => this.excludedWords.has(this.#formOf(word)))) return true;
    }
    if (this.excludedStretches.size === 0) return false;
    const forms = this.#formsOf(name);
    return [...this.excludedStretches].some((stretch) => forms.some((form) => form.includes(stretch)));
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

/**
 * Return whether a name has a text at an index. Letter case doesn't matter.
 * @param {number[]} tokens of the name
 * @param {number} start
 * @param {Spelling[]} text
 */
function hasTextAt(tokens, start, text) {
  return start >= 0 && text.every(({ ids }, k) => ids.includes(tokens[start + k]));
}
