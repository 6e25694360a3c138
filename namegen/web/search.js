// A search for names that satisfy a request. namegen/core/generation/search.py explains more.

const CANDIDATES_PER_NAME = 4; // the least number of candidates in the second pass, for each name that is missing
const LEAST_CANDIDATE_DRAWS = 400; // the least number of draws in the second pass
const OPENING_LENGTH = 3; // characters of an opening
const OPENING_FACTOR = 2; // how much more common than in the model an opening may be

// When a pass ends. It counts draws and letters instead of measuring time, so that the same seed gives the same names
// on every machine.

/**
 * A pass ends after `most` units and `perName` more for each name, or after `inVain` units without a new name.
 * @typedef {{most: number, perName: number, inVain: number}} Limit
 */

/**
 * The limits of a pass. If a request is for more than `onTrust` names, only names that have been found count.
 * @typedef {{onTrust: number, draws: Limit, letters: Limit}} Limits
 */

/** @type {Limit} */
const NO_LIMIT = { most: Infinity, perName: 0, inVain: Infinity };

/** @type {Limits} */
const UNFILTERED_LIMITS = {
  onTrust: 10_000,
  draws: { most: 10_000, perName: 20, inVain: 22_000 },
  letters: { most: 100_000, perName: 1000, inVain: 100_000 }, // a name may have a thousand letters
};

/** For names that contain a text or end with it, which are rare. @type {Limits} */
const UNFILTERED_LIMITS_WITH_TEXT = {
  onTrust: 1000,
  draws: NO_LIMIT,
  letters: { most: 30_000, perName: 500, inVain: 80_000 },
};

/** For names that reach the threshold. After so many letters, the second pass is faster. @type {Limits} */
const FILTERED_LIMITS = {
  onTrust: 0,
  draws: NO_LIMIT,
  letters: { most: 30_000, perName: 1500, inVain: Infinity },
};

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

/** A name that a search returns, in the requested letter case. @typedef {DrawnName & {name: string}} FoundName */

/**
 * What a search for a special kind of names does differently: the labels that names are drawn for, each equally often;
 * which names it accepts; and how it writes them.
 * @typedef {object} SearchHooks
 * @property {(string | null)[]} [labels]
 * @property {(name: Prefix, isNew: boolean | null) => boolean} [accepts]
 * @property {(name: DrawnName) => string} [write]
 */

/**
 * Draws until so many names are found with so many draws. A model that knows no name of its list takes all for new.
 * @typedef {object} Pass
 * @property {number} n how many names are requested, which the limits depend on
 * @property {Limits} limits
 * @property {number} [enoughNames] n by default
 * @property {number} [enoughDraws]
 * @property {boolean} onlyNew whether names of the list are excluded
 * @property {number} minLength
 * @property {boolean} [usualPatterns] whether names with unusual patterns are excluded
 * @property {Threshold | null} [threshold]
 * @property {OpeningLimit | null} [openingLimit]
 */

/**
 * A search for distinct names. The same request with the same seed returns the same names.
 *
 * A filtered search returns new names that reach the threshold of their score, in two passes. The first pass draws
 * names, and gives up each draw as soon as it can't reach the threshold. If names are still missing after many draws,
 * the second pass draws names without the threshold, and returns the best of them. Known names aren't scored.
 */
class Search {
  /**
   * @param {NameSource} model
   * @param {SearchRequest} request
   * @param {SearchHooks} [hooks]
   */
  constructor(model, request, hooks = {}) {
    this.model = model;
    this.request = request;
    this.hooks = hooks;
    this.sampling = { temperature: request.temperature };
    this.isFiltered = model.canFilter && !request.unfiltered;
    this.constraints = new Constraints(request, model);
    const roomForText = Math.min(2 * this.constraints.longestText, LONGEST_NAME);
    const defaults = defaultLengths(model.parts, this.isFiltered);
    this.maxLength = request.maxLength ?? Math.max(defaults.maxLength, roomForText);
    this.leastLengthOfNew = request.minLength ?? Math.min(defaults.minLength, this.maxLength);
    /** @type {FoundName[]} */
    this.names = [];
    /** The forms of names that aren't returned again. @type {Set<string>} */
    this.takenForms = new Set();
    this.draws = 0;
    this.letters = 0; // drawn so far; the end of a name counts as one
    this.filled = 0; // names from the second pass
    this.isOver = false;
    const failedModel = model.parts.find(({ passesSelfTest }) => !passesSelfTest);
    /** Why no name can satisfy the request. @type {string | null} */
    this.problem =
      failedModel === undefined
        ? this.constraints.findProblem(request, this.maxLength)
        : explainFailedSelfTest("This page", failedModel);
    /** @type {StartPrefix[]} */
    this.startPrefixes = [];
    if (this.problem === null) {
      const labels = hooks.labels ?? [request.label];
      this.startPrefixes = labels.flatMap((label) => model.startPrefixes(request.startsWith, this.sampling, label));
      if (this.startPrefixes.length === 0) {
        this.problem =
          "Neither model knows all of these first letters. Try other letters, or give both models a share.";
      }
    }
    const total = this.startPrefixes.reduce((sum, { probability }) => sum + probability, 0);
    this.startProbabilities = this.startPrefixes.map(({ probability }) => probability / total);
    const random = new RandomNumbers(request.seed);
    this.nextNumber = () => random.next();
    this.attempts = this.#search();
  }

  /** Whether the search has ended. */
  get isDone() {
    return this.problem !== null || this.isOver || this.names.length >= this.request.n;
  }

  /** Whether most names didn't reach the threshold. */
  get isMostlyFilled() {
    return this.filled > this.request.n / 2;
  }

  /**
   * Search until the end, or for some time.
   * @param {number} [milliseconds]
   * @returns {FoundName[]} the names that were found in this time
   */
  run(milliseconds = Infinity) {
    const end = performance.now() + milliseconds;
    const countBefore = this.names.length;
    while (!this.isDone && performance.now() < end) this.tryOnce();
    return this.names.slice(countBefore);
  }

  /** Draw one name. It's added to the names if it satisfies the request. */
  tryOnce() {
    const { value, done } = this.attempts.next();
    this.isOver = Boolean(done);
    if (value) this.names.push({ ...value, name: this.hooks.write?.(value) ?? this.#write(value.text) });
  }

  /** @param {string} text */
  #write(text) {
    const { normalizer } = this.model;
    return writeInCase(text, this.request.letterCase ?? defaultLetterCase(this.model), normalizer);
  }

  // ---- the passes; each yields a name or null after each draw ----

  /** @returns {Generator<DrawnName | null, void>} */
  *#search() {
    const { n, allowSeen } = this.request;
    if (!this.isFiltered) yield* this.#unfiltered(n, !allowSeen);
    else if (!allowSeen || !this.model.knowsNames) yield* this.#filtered(n);
    else yield* this.#filteredWithKnownNames(n);
  }

  /**
   * Draw names from the model's own distribution.
   * @param {number} n
   * @param {boolean} onlyNew
   */
  #unfiltered(n, onlyNew) {
    return this.#draw({ n, limits: this.#unfilteredLimits, onlyNew, minLength: this.request.minLength ?? 1 });
  }

  get #unfilteredLimits() {
    const hasText = this.request.contains !== "" || this.request.endsWith !== "";
    return hasText ? UNFILTERED_LIMITS_WITH_TEXT : UNFILTERED_LIMITS;
  }

  /**
   * Draw new names: those that reach the threshold, then the best of others in the order in which they were drawn.
   * @param {number} n
   * @returns {Generator<DrawnName | null, void>}
   */
  *#filtered(n) {
    const { model } = this;
    const openingLimit = new OpeningLimit();
    const { startsWith, contains, endsWith, allowSeen } = this.request;
    const wanted = {
      onlyNew: !allowSeen || model.knowsNames,
      minLength: this.leastLengthOfNew,
      usualPatterns: !(startsWith || contains || endsWith),
    };
    const threshold = model.scorer === null ? null : new Threshold(model.scorer, this.maxLength);
    let missing = n;
    for (const name of this.#draw({ n, limits: FILTERED_LIMITS, ...wanted, threshold, openingLimit })) {
      if (name !== null) missing -= 1;
      yield name;
    }
    if (missing === 0) return;
    const secondPass = {
      n: missing,
      limits: this.#unfilteredLimits,
      enoughNames: CANDIDATES_PER_NAME * missing,
      enoughDraws: LEAST_CANDIDATE_DRAWS,
      ...wanted,
    };
    const candidates = [];
    for (const name of this.#draw(secondPass)) {
      if (name !== null) candidates.push(name);
      yield null;
    }
    // Names whose opening is too common are chosen only after all the others.
    const ranked = candidates.toSorted((a, b) => b.score - a.score);
    const best = new Set();
    for (const name of ranked) {
      if (best.size < missing && openingLimit.admits(name)) best.add(name);
    }
    for (const name of ranked) {
      if (best.size < missing) best.add(name);
    }
    this.filled = best.size;
    yield* candidates.filter((name) => best.has(name));
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
    const newNames = this.#filtered(slots.filter((slot) => slot === null).length);
    for (const slot of slots) {
      let name = slot;
      while (name === null) {
        const attempt = newNames.next();
        if (attempt.done) break;
        name = attempt.value;
        if (name === null) yield null;
      }
      if (name !== null) yield name;
    }
  }

  /**
   * Draw names until there are enough, or a limit is reached.
   * @param {Pass} pass
   * @returns {Generator<DrawnName | null, void>}
   */
  *#draw(pass) {
    const { n, limits, enoughNames = n, enoughDraws = 0, openingLimit = null } = pass;
    const starts = this.startPrefixes.length;
    // At temperature 0, each start prefix has only one name.
    const drawsAtTemperature0 = { ...NO_LIMIT, most: starts === 1 ? 1 : 20 * starts };
    const drawsLimit = this.request.temperature === 0 ? drawsAtTemperature0 : limits.draws;
    const { draws: drawsBefore, letters: lettersBefore } = this;
    let names = 0;
    let drawsAtLastName = 0;
    let lettersAtLastName = 0;
    for (;;) {
      const draws = this.draws - drawsBefore;
      const letters = this.letters - lettersBefore;
      const countedNames = Math.min(n, Math.max(limits.onTrust, names));
      const isSpent =
        isReached(drawsLimit, countedNames, draws, drawsAtLastName) ||
        isReached(limits.letters, countedNames, letters, lettersAtLastName);
      if (isSpent || (names >= enoughNames && draws >= enoughDraws)) return;
      const name = this.#drawOne(pass);
      const isReturned = name !== null && (openingLimit === null || openingLimit.admits(name));
      if (isReturned) {
        this.takenForms.add(name.form);
        names += 1;
        drawsAtLastName = this.draws - drawsBefore;
        lettersAtLastName = this.letters - lettersBefore;
      }
      yield isReturned ? name : null;
    }
  }

  /**
   * Draw one name, and check it.
   * @param {Pass} pass
   * @returns {DrawnName | null} null if the name isn't wanted
   */
  #drawOne({ onlyNew, minLength, usualPatterns = false, threshold = null }) {
    const { model, startPrefixes } = this;
    const index = startPrefixes.length === 1 ? 0 : drawId(this.nextNumber(), this.startProbabilities);
    const start = startPrefixes[index].prefix;
    const { prefix, numbers } = drawName(start, this.nextNumber, this.sampling, this.maxLength, threshold, onlyNew);
    this.draws += 1;
    this.letters += numbers.length;
    if (prefix === null || !this.constraints.accept(prefix, minLength)) return null;
    const { text, tokens, label } = prefix;
    if (usualPatterns && !hasUsualPatterns(text, model.parts)) return null;
    const form = model.normalizer.normalize(text);
    if (this.takenForms.has(form)) return null;
    const isNew = model.isNew(form);
    const isExcluded = onlyNew && (isNew === false || model.isRejectedCompany(text));
    if (isExcluded || this.hooks.accepts?.(prefix, isNew) === false) return null;
    const name = { text, form, isNew, label, tokens, numbers, openingProbability: 0, score: 0 };
    if (this.isFiltered && model.scorer !== null) {
      name.openingProbability = this.#openingProbabilityOf(prefix);
      name.score = model.scorer.scoreOf(prefix);
    }
    return name;
  }

  /**
   * Return the probability of a name's opening, given its label and the requested first letters.
   * @param {Prefix} name
   */
  #openingProbabilityOf(name) {
    const sameLabel = this.startPrefixes.filter(({ prefix }) => prefix.label === name.label);
    const openings = sameLabel.map(({ prefix }) => prefix.shortenedTo(OPENING_LENGTH));
    const distinctOpenings = new Map(openings.map(({ text, logProbability }) => [text, logProbability]));
    const isShort = name.length < OPENING_LENGTH;
    const logProbability = isShort ? name.endLogProbability : name.shortenedTo(OPENING_LENGTH).logProbability;
    return Math.exp(logProbability - logSumOfExponentials([...distinctOpenings.values()]));
  }
}

/**
 * @param {Limit} limit
 * @param {number} names that count
 * @param {number} count of draws or letters
 * @param {number} countAtLastName
 */
function isReached({ most, perName, inVain }, names, count, countAtLastName) {
  return count >= most + perName * names || count - countAtLastName >= inVain;
}

/**
 * Draw one name with one random number per token. The reference is Generator.draw_one_by_one of Python.
 * @param {Prefix} start the prefix to continue
 * @param {() => number} nextNumber returns the next uniform random number
 * @param {Sampling} sampling
 * @param {number} maxLength
 * @param {Threshold | null} [threshold]
 * @param {boolean} [onlyNew] whether names that start like a listed company are rejected
 * @returns {{prefix: Prefix | null, numbers: number[]}} the whole name, and the random numbers. The name is null if it
 *   would be too long, can't reach the threshold, or starts like a listed company.
 */
function drawName(start, nextNumber, sampling, maxLength, threshold = null, onlyNew = false) {
  const numbers = [];
  let prefix = start;
  for (;;) {
    const number = nextNumber();
    numbers.push(number);
    const id = drawId(number, prefix.probabilities(sampling));
    if (id === END_TOKEN) {
      const isGoodEnough = threshold === null || threshold.isReachedBy(prefix);
      return { prefix: isGoodEnough ? prefix : null, numbers };
    }
    if (prefix.length >= maxLength) return { prefix: null, numbers };
    prefix = prefix.extend(id);
    const isHopeless = threshold !== null && !threshold.canBeReachedFrom(prefix);
    if (isHopeless || (onlyNew && prefix.hasListedStart)) return { prefix: null, numbers };
  }
}

/**
 * Keeps the first letters of names varied: among the first k names returned for a label, at most 1 + 2·p·k have the
 * same opening, which is the first three characters, where p is the model's probability of this opening. Letter case
 * doesn't matter. namegen/core/scoring/opening_limit.py in JavaScript.
 */
class OpeningLimit {
  constructor() {
    /** How many names were returned, by label. @type {Map<number, number>} */
    this.returned = new Map();
    /** How many names were returned, by label and opening. @type {Map<string, number>} */
    this.returnedWithOpening = new Map();
  }

  /**
   * Return whether a name may be returned now. If so, it counts as returned.
   * @param {{text: string, label: number, openingProbability: number}} name
   */
  admits({ text, label, openingProbability }) {
    const opening = [...text].slice(0, OPENING_LENGTH).join("").toLowerCase();
    const key = `${label} ${opening}`;
    const position = (this.returned.get(label) ?? 0) + 1;
    const sameOpening = this.returnedWithOpening.get(key) ?? 0;
    if (sameOpening > OPENING_FACTOR * openingProbability * position) return false;
    this.returned.set(label, position);
    this.returnedWithOpening.set(key, sameOpening + 1);
    return true;
  }
}
