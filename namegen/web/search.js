// A search for names that satisfy a request.

const CANDIDATES_PER_NAME = 4; // the least number of candidates in the second pass, for each name that is missing
const LEAST_CANDIDATE_DRAWS = 400; // the least number of draws in the second pass

/**
 * What names a search is for.
 * @typedef {object} SearchRequest
 * @property {number} n how many names
 * @property {number} seed
 * @property {number} temperature
 * @property {string} first the first letters
 * @property {string} [contains]
 * @property {string} [ends] the last letters
 * @property {number | null} shortest length; null for the model's default, which doesn't apply to known names
 * @property {number} longest length
 * @property {boolean} onlyNew whether names of the list are excluded
 * @property {boolean} [unfiltered]
 * @property {string | null} [label] a label, or a part of labels; null for all labels
 * @property {boolean} [allowProfanity]
 * @property {string[]} [excludedWords]
 * @property {LetterCase | null} [letterCase] null for the model's default
 */

/**
 * A name that a search has drawn. The last ones of its tokens, and its end, were drawn with the random numbers.
 * @typedef {object} DrawnName
 * @property {string} text
 * @property {string} form in which names are compared
 * @property {boolean | null} isNew null if the model doesn't know its list
 * @property {number} label the index of the start token
 * @property {number[]} tokens
 * @property {number[]} numbers the random numbers
 * @property {number} openingProbability of its first characters; 0 if the search isn't filtered
 * @property {number} score 0 if the search isn't filtered
 */

/**
 * A name that a search returns.
 * @typedef {object} FoundName
 * @property {string} name in the requested letter case
 * @property {boolean | null} isNew
 * @property {boolean} isScored
 * @property {number} start the index of the start token
 * @property {number[]} tokens
 * @property {number[]} numbers the random numbers
 * @property {string} [given] for people: the given name
 */

/** What a drawn name has to be. @typedef {{onlyNew: boolean, shortest: number, threshold: Threshold | null}} Wanted */

/**
 * Why no name can satisfy a request.
 * @typedef {{why: "self-test", model: Model} | {why: "letter", letter: string} | {why: "space"} | {why: "lengths"}
 *   | {why: "start"}} Trouble
 */

/**
 * A search for distinct names. The same request with the same seed returns the same names.
 *
 * A filtered search returns new names that reach the threshold of their score, in two passes. The first pass draws
 * names, and gives up each draw as soon as it can't reach the threshold. If names are still missing after many draws,
 * the second pass draws names without the threshold, and returns the best of them. Known names aren't scored.
 * namegen/core/generation/search.py explains more.
 */
class Search {
  /**
   * @param {NameSource} model
   * @param {SearchRequest} request
   */
  constructor(model, request) {
    this.model = model;
    this.request = request;
    const random = new RandomNumbers(request.seed);
    this.nextNumber = () => random.next();
    this.contains = new RequiredText(model, request.contains ?? "");
    this.ends = new RequiredText(model, request.ends ?? "");
    this.excludedWords = new ExcludedWords(request.excludedWords ?? [], model);
    /** @type {FoundName[]} */
    this.names = [];
    /** The forms of names that aren't returned again. @type {Set<string>} */
    this.takenForms = new Set();
    this.draws = 0;
    this.letters = 0; // drawn so far; the end of a name counts as one
    this.filled = 0; // names from the second pass
    this.isFiltered = model.canFilter && !request.unfiltered;
    this.isOver = false;
    /** @type {Trouble | null} */
    this.trouble = this.#findTrouble();
    /** @type {StartPrefix[]} */
    this.startPrefixes = this.trouble === null ? this.#findStartPrefixes() : [];
    this.startProbabilities = normalizedProbabilities(this.startPrefixes);
    this.attempts = this.#search();
  }

  /**
   * Return why no name can satisfy the request; null if there may be such names. The network isn't needed for that.
   * @returns {Trouble | null}
   */
  #findTrouble() {
    const { first, ends = "", shortest, longest } = this.request;
    const failedModel = this.model.parts.find(({ passesSelfTest }) => !passesSelfTest);
    if (failedModel !== undefined) return { why: "self-test", model: failedModel };
    const hasSpaceAtEnd = /^\s/u.test(first) || /\s$/u.test(ends);
    if (hasSpaceAtEnd) return { why: "space" };
    const letters = [...this.model.spellings(first), ...this.contains.spellings, ...this.ends.spellings];
    const unknown = letters.find(({ ids }) => ids.length === 0);
    if (unknown !== undefined) return { why: "letter", letter: unknown.letter };
    const leastLength = Math.max(shortest ?? 1, this.#longestRequiredText());
    return leastLength > longest ? { why: "lengths" } : null;
  }

  #longestRequiredText() {
    const { first, contains = "", ends = "" } = this.request;
    const lengths = [first, contains, ends].map((text) => [...text.normalize("NFC")].length);
    return Math.max(...lengths);
  }

  /** Find the prefixes that names are drawn from. The network reads the first letters, which takes a while. */
  #findStartPrefixes() {
    const { first, temperature } = this.request;
    const labels = this.requestedLabels();
    const startPrefixes = labels.flatMap((label) => this.model.startPrefixes(first, temperature, label));
    if (startPrefixes.length === 0) this.trouble = { why: "start" };
    return startPrefixes;
  }

  /**
   * Return the labels that names are drawn for, each equally often; null for all labels of the model.
   * @returns {(string | null)[]}
   */
  requestedLabels() {
    return [this.request.label ?? null];
  }

  /** Whether the search has ended. */
  get isDone() {
    return this.trouble !== null || this.isOver || this.names.length >= this.request.n;
  }

  /** Whether most names didn't reach the threshold. */
  get isMostlyFilled() {
    return this.filled > this.request.n / 2;
  }

  /** Search until the end. */
  runToEnd() {
    while (!this.isDone) this.tryOnce();
  }

  /**
   * Search for some time.
   * @param {number} milliseconds
   * @returns {FoundName[]} the names that were found in this time
   */
  runFor(milliseconds) {
    const end = performance.now() + milliseconds;
    const countBefore = this.names.length;
    while (!this.isDone && performance.now() < end) this.tryOnce();
    return this.names.slice(countBefore);
  }

  /** Draw one name. It's added to the names if it satisfies the request. */
  tryOnce() {
    const { value, done } = this.attempts.next();
    this.isOver = Boolean(done);
    if (value) this.names.push(this.present(value));
  }

  // ---- the passes; each yields a name or null after each draw ----

  /** @returns {Generator<DrawnName | null, void>} */
  #search() {
    const { n, onlyNew } = this.request;
    if (!this.isFiltered) return this.#unfiltered(n, onlyNew);
    if (onlyNew || !this.model.knowsNames) return this.#filtered(n);
    return this.#filteredWithKnownNames(n);
  }

  /**
   * Draw names from the model's own distribution.
   * @param {number} n
   * @param {boolean} onlyNew
   * @returns {Generator<DrawnName | null, void>}
   */
  *#unfiltered(n, onlyNew) {
    const effort = this.#effort(UNFILTERED_LIMITS, UNFILTERED_LIMITS_WITH_TEXT, n);
    const wanted = { onlyNew, shortest: this.request.shortest ?? 1, threshold: null };
    while (!effort.hasAllNames && !effort.isSpent) {
      const name = this.#drawWanted(effort, wanted);
      if (name !== null) this.#take(name, effort);
      yield name;
    }
  }

  /**
   * Draw new names: those that reach the threshold, then the best of others.
   * @param {number} n
   * @returns {Generator<DrawnName | null, void>}
   */
  *#filtered(n) {
    const wanted = this.#wantedFiltered();
    const limit = new OpeningLimit();
    const effort = this.#effort(FILTERED_LIMITS, FILTERED_LIMITS, n);
    while (!effort.hasAllNames && !effort.isSpent) {
      const name = this.#drawWanted(effort, wanted);
      const isReturned = name !== null && limit.admits(name);
      if (isReturned) this.#take(name, effort);
      yield isReturned ? name : null;
    }
    const missing = n - effort.names;
    if (missing > 0) yield* this.#bestOfOthers(missing, { ...wanted, threshold: null }, limit);
  }

  /** @returns {Wanted} */
  #wantedFiltered() {
    const { model, request } = this;
    const [firstModel] = model.parts;
    const { scorer } = model;
    return {
      onlyNew: request.onlyNew || model.knowsNames,
      shortest: request.shortest ?? Math.min(firstModel.shortestName, request.longest),
      threshold: scorer === null ? null : new Threshold(scorer, request.longest),
    };
  }

  /**
   * Draw names without a threshold, and return the best of them in the order in which they were drawn.
   * @param {number} missing how many names are missing
   * @param {Wanted} wanted
   * @param {OpeningLimit} limit
   * @returns {Generator<DrawnName | null, void>}
   */
  *#bestOfOthers(missing, wanted, limit) {
    /** @type {DrawnName[]} */
    const candidates = [];
    const effort = this.#effort(UNFILTERED_LIMITS, UNFILTERED_LIMITS_WITH_TEXT, missing);
    while (!hasEnoughCandidates(effort, missing) && !effort.isSpent) {
      const name = this.#drawWanted(effort, wanted);
      if (name !== null) {
        this.#take(name, effort);
        candidates.push(name);
      }
      yield null;
    }
    const best = chooseBest(candidates, missing, limit);
    this.filled = best.size;
    for (const name of candidates) {
      if (best.has(name)) yield name;
    }
  }

  /**
   * Draw names from the model's own distribution. Keep the known names, and replace each new name by a filtered one.
   * @param {number} n
   * @returns {Generator<DrawnName | null, void>}
   */
  *#filteredWithKnownNames(n) {
    /** A known name, or null for a new name. @type {(DrawnName | null)[]} */
    const slots = [];
    for (const name of this.#unfiltered(n, false)) {
      if (name !== null) slots.push(name.isNew ? null : name);
      yield null;
    }
    while (slots.length < n) slots.push(null);
    this.takenForms.clear();
    const newNames = slots.filter((slot) => slot === null).length;
    const attempts = this.#filtered(newNames);
    for (const slot of slots) {
      if (slot === null) yield* untilNextName(attempts);
      else yield slot;
    }
  }

  // ---- one name ----

  /**
   * Return how long to draw.
   * @param {Limits} limits
   * @param {Limits} limitsWithText if names have to contain a text or end with it
   * @param {number} n
   */
  #effort(limits, limitsWithText, n) {
    const { temperature, contains, ends } = this.request;
    if (temperature === 0) return new Effort({ ...limits, draws: this.#limitAtTemperature0() }, n);
    return new Effort(contains || ends ? limitsWithText : limits, n);
  }

  /** At temperature 0, each start prefix has only one name. */
  #limitAtTemperature0() {
    const starts = this.startPrefixes.length;
    return { ...NO_LIMIT, most: starts === 1 ? 1 : 20 * starts };
  }

  /**
   * Draw one name, and check it.
   * @param {Effort} effort
   * @param {Wanted} wanted
   * @returns {DrawnName | null} null if the name isn't wanted
   */
  #drawWanted(effort, wanted) {
    const { temperature, longest } = this.request;
    const start = this.#drawStartPrefix();
    const { prefix, numbers } = drawName(
      start,
      this.nextNumber,
      temperature,
      longest,
      wanted.threshold,
      wanted.onlyNew,
    );
    this.draws += 1;
    this.letters += numbers.length;
    effort.addDraw(numbers.length);
    if (prefix === null || !this.#fitsRequest(prefix, wanted.shortest)) return null;
    return this.#checkNovelty(prefix, numbers, wanted.onlyNew);
  }

  #drawStartPrefix() {
    const index = this.startPrefixes.length === 1 ? 0 : drawId(this.nextNumber(), this.startProbabilities);
    return this.startPrefixes[index].prefix;
  }

  /**
   * @param {Prefix} prefix a whole name
   * @param {number} shortest
   */
  #fitsRequest(prefix, shortest) {
    const { tokens } = prefix;
    const hasTexts = this.ends.isAtEndOf(tokens) && this.contains.isIn(tokens);
    if (prefix.length < shortest || !hasTexts) return false;
    const { text } = prefix;
    const hasProfanity = !this.request.allowProfanity && isProfane(text);
    return this.model.isWellFormed(text) && !hasProfanity && !this.excludedWords.isIn(text);
  }

  /**
   * @param {Prefix} prefix a whole name
   * @param {number[]} numbers the random numbers
   * @param {boolean} onlyNew
   * @returns {DrawnName | null} null if the name was returned before, or isn't new
   */
  #checkNovelty(prefix, numbers, onlyNew) {
    const { model } = this;
    const { text } = prefix;
    const form = model.normalizer.normalize(text);
    if (this.takenForms.has(form)) return null;
    const isNew = model.isNew(form);
    if (onlyNew && (isNew === false || model.isRejectedCompany(text))) return null;
    if (!this.isWanted(prefix, isNew)) return null;
    const { label, tokens } = prefix;
    return { text, form, isNew, label, tokens, numbers, ...this.#scoresOf(prefix) };
  }

  /** @param {Prefix} name */
  #scoresOf(name) {
    const { scorer } = this.model;
    if (!this.isFiltered || scorer === null) return { openingProbability: 0, score: 0 };
    return { openingProbability: this.#openingProbabilityOf(name), score: scorer.scoreOf(name) };
  }

  /**
   * Return whether a name satisfies the conditions of a subclass.
   * @param {Prefix} _name
   * @param {boolean | null} _isNew
   */
  isWanted(_name, _isNew) {
    return true;
  }

  /**
   * Remember a name, so that it isn't returned again.
   * @param {DrawnName} name
   * @param {Effort} effort
   */
  #take(name, effort) {
    this.takenForms.add(name.form);
    effort.addName();
  }

  /**
   * Return the probability of a name's opening, given its label and the requested first letters.
   * @param {Prefix} name
   */
  #openingProbabilityOf(name) {
    const sameLabel = this.startPrefixes.filter(({ prefix }) => prefix.label === name.label);
    const openings = sameLabel.map(({ prefix }) => shortenToOpening(prefix));
    const distinctOpenings = new Map(openings.map(({ text, logProbability }) => [text, logProbability]));
    const isShort = name.length < OPENING_LENGTH;
    const logProbability = isShort ? name.endLogProbability : shortenToOpening(name).logProbability;
    return Math.exp(logProbability - logSumOfExponentials([...distinctOpenings.values()]));
  }

  /**
   * Return a name as it's shown to readers.
   * @param {DrawnName} drawnName
   * @returns {FoundName}
   */
  present({ text, isNew, label, tokens, numbers }) {
    const { normalizer } = this.model;
    const letterCase = this.request.letterCase ?? defaultLetterCase(normalizer);
    const isScored = this.isFiltered && isNew !== false; // known names aren't scored
    return { name: writeInCase(text, letterCase, normalizer), isNew, isScored, start: label, tokens, numbers };
  }
}

/** @param {StartPrefix[]} startPrefixes */
function normalizedProbabilities(startPrefixes) {
  const total = startPrefixes.reduce((sum, { probability }) => sum + probability, 0);
  return startPrefixes.map(({ probability }) => probability / total);
}

/**
 * @param {Effort} effort
 * @param {number} missing
 */
function hasEnoughCandidates(effort, missing) {
  return effort.names >= CANDIDATES_PER_NAME * missing && effort.draws >= LEAST_CANDIDATE_DRAWS;
}

/**
 * Choose the names with the best scores. Names whose opening is too common are chosen only after all the others.
 * @param {DrawnName[]} candidates
 * @param {number} count
 * @param {OpeningLimit} limit
 */
function chooseBest(candidates, count, limit) {
  const ranked = [...candidates].sort((a, b) => b.score - a.score);
  /** @type {Set<DrawnName>} */
  const best = new Set();
  for (const name of ranked) {
    if (best.size < count && limit.admits(name)) best.add(name);
  }
  for (const name of ranked) {
    if (best.size < count) best.add(name);
  }
  return best;
}

/**
 * Continue with attempts up to the next name.
 * @param {Generator<DrawnName | null, void>} attempts
 * @returns {Generator<DrawnName | null, void>}
 */
function* untilNextName(attempts) {
  for (let attempt = attempts.next(); !attempt.done; attempt = attempts.next()) {
    yield attempt.value;
    if (attempt.value !== null) return;
  }
}

/**
 * Return the opening of a prefix.
 * @param {Prefix} prefix
 * @returns {Prefix}
 */
function shortenToOpening(prefix) {
  if (prefix.length <= OPENING_LENGTH || prefix.parent === null) return prefix;
  return shortenToOpening(prefix.parent);
}
