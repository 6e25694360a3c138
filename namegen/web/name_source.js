// What names are drawn from: one model or several.

const MOST_CACHED_NUMBERS = 8e6; // in the states and probabilities of prefixes: about 64 MB
const MOST_START_PREFIXES = 64; // ways to write the first letters that are tried
const MOST_START_LETTERS = 5000; // letters that are read for all these ways together

/**
 * A network, or several networks whose predictions are averaged.
 * @typedef {object} NameNetwork
 * @property {number[]} widths of all layers
 * @property {() => any} initialState
 * @property {(token: number, state: any) => {state: any, logits: Float64Array}} step
 * @property {(state: any) => Float64Array[]} hiddenStates the hidden state of each layer
 */

/**
 * A token that the network reads before a name. `label` is the label of the names that it starts; null without labels.
 * @typedef {{token: number, probability: number, label: string | null}} StartToken
 */

/** @typedef {{prefix: Prefix, probability: number}} StartPrefix */

/** A letter of a text, and the ids of the characters that it can stand for. @typedef {{letter: string, ids: number[]}}
 *   Spelling */

/** What names are drawn from. Its subclasses are Model, and Blend for several models. */
class NameSource {
  /**
   * @param {object} options
   * @param {Model[]} options.parts the models that it consists of
   * @param {NameNetwork} options.network
   * @param {string[]} options.characters in the order of their ids, from 1 on
   * @param {StartToken[]} options.startTokens
   * @param {Iterable<string>} options.spaces the characters that no name starts or ends with
   * @param {Normalizer} options.normalizer
   */
  constructor({ parts, network, characters, startTokens, spaces, normalizer }) {
    this.parts = parts;
    this.network = network;
    this.startTokens = startTokens;
    this.normalizer = normalizer;
    this.characters = ["", ...characters]; // by id; the end token has no character
    this.spaces = new Set(spaces);
    /** Scores new names; null if the model has no n-grams. @type {Scorer | null} */
    this.scorer = null;
    this.canFilter = false; // whether it can find out which new names are good enough
    this.prefixesRead = 0;
    const numbersPerPrefix = network.widths.reduce((sum, width) => sum + 2 * width, this.characters.length);
    this.mostPrefixes = Math.floor(MOST_CACHED_NUMBERS / numbersPerPrefix);
    this.characterSet = new Set(characters);
    /** @type {(StartToken & StartPrefix)[] | undefined} */
    this.cachedRoots = undefined;
    /** The ids of the characters that each folded letter can stand for. @type {Map<string, number[]>} */
    this.idsByLetter = new Map();
  }

  /** An empty prefix for each start token. The prefixes that the network has read are kept until there are too many. */
  get roots() {
    if (this.cachedRoots === undefined || this.isCacheFull) {
      this.prefixesRead = 0;
      this.cachedRoots = this.startTokens.map((start) => ({ ...start, prefix: new Prefix(this, start.token, null) }));
    }
    return this.cachedRoots;
  }

  get isCacheFull() {
    return this.prefixesRead >= this.mostPrefixes;
  }

  /** Whether it can find out which names are new. */
  get knowsNames() {
    return this.parts.every(({ knownNames }) => knownNames !== null);
  }

  /**
   * Return whether no list of its models contains a name; null if a model doesn't know the names of its list.
   * @param {string} form of the name
   * @returns {boolean | null}
   */
  isNew(form) {
    if (!this.knowsNames) return null;
    const hash = hashOf(form);
    return !this.parts.some(({ knownNames }) => knownNames?.has(hash));
  }

  /**
   * Return whether a text starts like the name of a listed company.
   * @param {string} text
   */
  hasListedStart(text) {
    return this.parts.some((part) => part.listedCompanies?.hasStartOf(text));
  }

  /**
   * Return whether a name isn't distinctive enough for a new company.
   * @param {string} name
   */
  isRejectedCompany(name) {
    return this.parts.some((part) => part.listedCompanies?.rejects(name));
  }

  /**
   * Return whether a list could contain the name: it isn't empty, and has no space at either end.
   * @param {string} name
   */
  isWellFormed(name) {
    const characters = [...name];
    return characters.length > 0 && !this.spaces.has(characters[0]) && !this.spaces.has(characters.at(-1) ?? "");
  }

  /**
   * Prepare a text for the normalizer, whose tables have only the characters of the model. Other letters become lower
   * case, and other punctuation is removed.
   * @param {string} text
   */
  toKnownCharacters(text) {
    const characters = Array.from(text, (character) => {
      if (this.characterSet.has(character)) return character;
      if (/\s/u.test(character)) return this.characterSet.has(" ") ? " " : "";
      return isPunctuation(character) ? "" : character.toLowerCase();
    });
    return characters.join("") || text;
  }

  /**
   * Find the characters that each letter of a text can stand for. Letter case doesn't matter. The folding of the model
   * has only the model's characters, but a reader may type an S for its s.
   * @param {string} text
   * @returns {Spelling[]}
   */
  spellings(text) {
    const fold = (/** @type {string} */ letter) => this.normalizer.fold(letter.toLowerCase());
    if (this.idsByLetter.size === 0) {
      this.characters.forEach((character, id) => {
        const letter = fold(character);
        const ids = this.idsByLetter.get(letter) ?? [];
        if (id !== END_TOKEN) this.idsByLetter.set(letter, [...ids, id]);
      });
    }
    return Array.from(text.normalize("NFC"), (letter) => ({ letter, ids: this.idsByLetter.get(fold(letter)) ?? [] }));
  }

  /**
   * Find the prefixes that names with these first letters start with. Letter case doesn't matter.
   *
   * If one of these prefixes is drawn by its probability and then continued, the names have exactly the distribution of
   * all names that start with the letters, and no draw is wasted.
   * @param {string} letters
   * @param {Sampling} sampling
   * @param {string | null} [label] a label, or a part of labels; null for all labels
   * @returns {StartPrefix[]} empty if no network knows all of the letters
   */
  startPrefixes(letters, sampling, label = null) {
    let roots = this.roots.filter(({ probability }) => probability > 0);
    if (label !== null) {
      const labels = this.startTokens.map((start) => start.label ?? "");
      roots = findLabels(label, labels).map((index) => this.roots[index]);
    }
    if (roots.length === 1) roots = [{ ...roots[0], probability: 1 }];
    if (letters === "") return roots;

    const isTemperature0 = sampling.temperature === 0;
    const samplingOfLetters = isTemperature0 ? DEFAULT_SAMPLING : sampling; // at 0, only one letter would be possible
    const spellings = this.spellings(letters);
    const most = Math.min(MOST_START_PREFIXES, Math.ceil(MOST_START_LETTERS / spellings.length));
    let candidates = roots.map(({ prefix, probability }) => ({ prefix, logProbability: Math.log(probability) }));
    for (const { ids } of spellings) {
      // Extend each candidate by one letter, and keep the most likely results.
      const extended = candidates.flatMap(({ prefix, logProbability }) => {
        const probabilities = prefix.probabilities(samplingOfLetters);
        return ids.map((id) => ({ prefix, id, logProbability: logProbability + Math.log(probabilities[id]) }));
      });
      const possible = extended.filter(({ logProbability }) => logProbability > -Infinity);
      possible.sort((a, b) => b.logProbability - a.logProbability);
      candidates = possible
        .slice(0, most)
        .map(({ prefix, id, logProbability }) => ({ prefix: prefix.extend(id), logProbability }));
    }
    if (isTemperature0) {
      const rootOf = (/** @type {{prefix: Prefix}} */ { prefix }) => prefix.shortenedTo(0);
      candidates = candidates.filter((candidate, k) => {
        const firstOfRoot = candidates.findIndex((other) => rootOf(other) === rootOf(candidate));
        return firstOfRoot === k; // the most likely one
      });
    }
    if (candidates.length === 0) return [];
    const logProbabilities = candidates.map(({ logProbability }) => logProbability);
    const probabilities = softmax(logProbabilities, DEFAULT_SAMPLING);
    return candidates.map(({ prefix }, k) => ({ prefix, probability: probabilities[k] }));
  }
}

/** The categories that core/data/normalization.py of Python removes, beyond ASCII. */
const PUNCTUATION = /[\p{Pc}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}\p{Z}\p{Cc}\p{Cf}\p{Sk}\ufe00-\ufe0f]/u;

/** @param {string} character */
function isPunctuation(character) {
  const isAscii = character <= "\x7f";
  return isAscii ? !/[a-z\d]/i.test(character) : PUNCTUATION.test(character);
}
