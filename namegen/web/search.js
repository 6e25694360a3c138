// A search for names that satisfy a request. namegen/core/generation/search.py explains more.

const CANDIDATES_PER_NAME = 4; // the least number of candidates in the second pass, for each name that is missing
const LEAST_CANDIDATE_DRAWS = 400; // the least number of draws in the second pass
const DRAWS_PER_START = 20; // at temperature 0, where each start prefix has only one name
const OPENING_LENGTH = 3; // characters of an opening
const OPENING_FACTOR = 2; // how much more common than in the model an opening may be

/**
 * When a pass ends: after `first` letters, and `perName` more for each name that it has found. It counts letters
 * instead of measuring time, so that the same seed gives the same names on every machine.
 * @typedef {{first: number, perName: number}} LetterLimit
 */

/** @type {LetterLimit} */
const UNFILTERED_LIMIT = { first: 100_000, perName: 1000 };

/** For names that reach the threshold. After so many letters, the second pass is faster. @type {LetterLimit} */
const FILTERED_LIMIT = { first: 30_000, perName: 1500 };

/**
 * A name that a search has drawn. The last ones of its tokens, and its end, were drawn with the random numbers.
 * @typedef {object} DrawnName
 * @property {string} text
 * @property {string} form in which names are compared
 * @property {boolean | null} isNew null if the model doesn't know its list
 * @property {boolean | null} isGood whether it reaches the threshold; null if it wasn't compared with it
 * @property {number} label the index of the start token
 * @property {number[]} tokens
 * @property {number[]} numbers the random numbers
 */

/**
 * A name that a search returns, in the requested letter case, with the name of its label.
 * @typedef {DrawnName & {name: string, labelName: string | null}} FoundName
 */

/**
 * What a search for a special kind of names does differently: the labels that names are drawn for, each equally often;
 * which names it accepts; and how it writes them and their labels.
 * @typedef {object} SearchHooks
 * @property {(string | null)[]} [labels]
 * @property {(name: Prefix, isNew: boolean | null) => boolean} [accepts]
 * @property {(name: DrawnName) => {name: string, label: string | null}} [describe]
 */

/**
 * Which names are wanted. All names are new to a model that doesn't know its list.
 * @typedef {{onlyNew: boolean, minLength: number, onlyUsualPatterns?: boolean}} Wanted
 */

/**
 * Draws until so many names are found with so many draws.
 * @typedef {object} Pass
 * @property {Wanted} wanted
 * @property {LetterLimit} limit
 * @property {number} enoughNames
 * @property {number} [enoughDraws]
 * @property {Threshold} [threshold]
 * @property {(name: Prefix) => boolean} [admits] the last check of a name
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
    this.minLengthOfNew = request.minLength ?? Math.min(defaults.minLength, this.maxLength);
    /** @type {FoundName[]} */
    this.names = [];
    /** The forms of names that aren't returned again. @type {Set<string>} */
    this.takenForms = new Set();
    this.draws = 0;
    this.letters = 0; // drawn so far; the end of a name counts as one
    this.isOver = false;
    /** Why no name can satisfy the request. @type {string | null} */
    this.problem = this.constraints.findProblem(request, this.maxLength);
    /** @type {StartPrefix[]} */
    this.startPrefixes = [];
    if (this.problem === null) {
      const labels = hooks.labels ?? [request.label];
      this.startPrefixes = labels.flatMap((label) => model.startPrefixes(request.startsWith, this.sampling, label));
      if (this.startPrefixes.length === 0) {
        const letters = "Neither model knows all of these first letters. Try other letters, or give both a share.";
        this.problem = request.startsWith === "" ? "No name has this label. Choose another one." : letters;
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

  /**
   * Search until the end, for some time, or until there are so many names.
   * @param {{milliseconds?: number, count?: number}} [limits]
   * @returns {FoundName[]} the names that were found now
   */
  run({ milliseconds = Infinity, count = Infinity } = {}) {
    const { model, request, hooks } = this;
    const end = performance.now() + milliseconds;
    const countBefore = this.names.length;
    while (!this.isDone && this.names.length < count && performance.now() < end) {
      const { value, done } = this.attempts.next();
      this.isOver = Boolean(done);
      if (!value) continue;
      const { name, label } = hooks.describe?.(value) ?? {
        name: writeInCase(value.text, request.letterCase ?? defaultLetterCase(model.parts), model.normalizer),
        label: model.startTokens[value.label].label,
      };
      this.names.push({ ...value, name, labelName: label });
    }
    return this.names.slice(countBefore);
  }

  /** The new names that a filtered search returns. @returns {Wanted} */
  get wantedNew() {
    const { startsWith, contains, endsWith, allowSeen } = this.request;
    const hasText = Boolean(startsWith || contains || endsWith);
    const onlyNew = !allowSeen || this.model.knowsNames;
    return { onlyNew, minLength: this.minLengthOfNew, onlyUsualPatterns: !hasText };
  }

  /**
   * Check everything that the request demands of a whole name, except for its score.
   * @param {Prefix} prefix
   * @param {Wanted} wanted
   * @returns {{form: string, isNew: boolean | null} | null} null if the name isn't wanted, or was returned already
   */
  check(prefix, { onlyNew, minLength, onlyUsualPatterns = false }) {
    const { model } = this;
    if (!this.constraints.accept(prefix, minLength)) return null;
    const { text } = prefix;
    if (onlyUsualPatterns && !hasUsualPatterns(text, model.parts)) return null;
    const form = model.normalizer.normalize(text);
    const isNew = model.isNew(form);
    const isExcluded = onlyNew && (isNew === false || model.isRejectedCompany(text));
    if (isExcluded || this.takenForms.has(form) || this.hooks.accepts?.(prefix, isNew) === false) return null;
    return { form, isNew };
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
  *#unfiltered(n, onlyNew) {
    const wanted = { onlyNew, minLength: this.request.minLength ?? 1 };
    for (const draw of this.#draw({ wanted, limit: UNFILTERED_LIMIT, enoughNames: n })) yield draw && draw.name;
  }

  /**
   * Draw new names: those that reach the threshold, then the best of others in the order in which they were drawn.
   * @param {number} n
   * @returns {Generator<DrawnName | null, void>}
   */
  *#filtered(n) {
    const scorer = /** @type {Scorer} */ (this.model.scorer);
    const wanted = this.wantedNew;
    const openingLimit = new OpeningLimit();
    const admits = (/** @type {Prefix} */ name) => openingLimit.admits(name, this.#openingProbabilityOf(name));
    const threshold = new Threshold(scorer, this.maxLength);
    const firstPass = { wanted, limit: FILTERED_LIMIT, enoughNames: n, threshold, admits };
    let missing = n;
    for (const draw of this.#draw(firstPass)) {
      if (draw !== null) missing -= 1;
      yield draw && { ...draw.name, isGood: true };
    }
    if (missing === 0) return;

    const secondPass = {
      wanted,
      limit: UNFILTERED_LIMIT,
      enoughNames: CANDIDATES_PER_NAME * missing,
      enoughDraws: LEAST_CANDIDATE_DRAWS,
    };
    const candidates = [];
    for (const draw of this.#draw(secondPass)) {
      if (draw !== null) candidates.push({ ...draw, score: scorer.scoreOf(draw.prefix) });
      yield null;
    }
    // Names whose opening is too common are chosen only after all the others.
    const ranked = candidates.toSorted((a, b) => b.score - a.score);
    const best = new Set();
    for (const candidate of ranked) {
      if (best.size < missing && admits(candidate.prefix)) best.add(candidate);
    }
    for (const candidate of ranked) {
      if (best.size < missing) best.add(candidate);
    }
    for (const candidate of candidates) {
      if (best.has(candidate)) yield { ...candidate.name, isGood: false };
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
   * @returns {Generator<{prefix: Prefix, name: DrawnName} | null, void>}
   */
  *#draw({ wanted, limit, enoughNames, enoughDraws = 0, threshold, admits }) {
    const { startPrefixes, sampling, maxLength } = this;
    const starts = startPrefixes.length;
    const mostAtTemperature0 = starts === 1 ? 1 : DRAWS_PER_START * starts;
    const mostDraws = sampling.temperature === 0 ? mostAtTemperature0 : Infinity;
    const { draws: drawsBefore, letters: lettersBefore } = this;
    let names = 0;
    for (;;) {
      const draws = this.draws - drawsBefore;
      const letters = this.letters - lettersBefore;
      const isSpent = draws >= mostDraws || letters >= limit.first + limit.perName * names;
      if (isSpent || (names >= enoughNames && draws >= enoughDraws)) return;

      const index = starts === 1 ? 0 : drawId(this.nextNumber(), this.startProbabilities);
      const start = startPrefixes[index].prefix;
      const { onlyNew } = wanted;
      const { prefix, numbers } = drawName(start, this.nextNumber, sampling, maxLength, { threshold, onlyNew });
      this.draws += 1;
      this.letters += numbers.length;
      const checked = prefix && this.check(prefix, wanted);
      if (prefix === null || checked === null || admits?.(prefix) === false) {
        yield null;
        continue;
      }
      names += 1;
      this.takenForms.add(checked.form);
      const { text, label, tokens } = prefix;
      yield { prefix, name: { ...checked, isGood: null, text, label, tokens, numbers } };
    }
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
 * Draw one name with one random number per token. The reference is Generator.draw_one_by_one of Python.
 * @param {Prefix} start the prefix to continue
 * @param {() => number} nextNumber returns the next uniform random number
 * @param {Sampling} sampling
 * @param {number} maxLength
 * @param {{threshold?: Threshold, onlyNew?: boolean}} [pruning] a threshold to reach, and whether names that start like
 *   a listed company are rejected
 * @returns {{prefix: Prefix | null, numbers: number[]}} the whole name, and the random numbers. The name is null if it
 *   would be too long, can't reach the threshold, or starts like a listed company.
 */
function drawName(start, nextNumber, sampling, maxLength, { threshold, onlyNew = false } = {}) {
  const numbers = [];
  let prefix = start;
  for (;;) {
    const number = nextNumber();
    numbers.push(number);
    const id = drawId(number, prefix.probabilities(sampling));
    if (id === END_TOKEN) {
      const isGoodEnough = threshold?.isReachedBy(prefix) !== false;
      return { prefix: isGoodEnough ? prefix : null, numbers };
    }
    if (prefix.length >= maxLength) return { prefix: null, numbers };
    prefix = prefix.extend(id);
    const isHopeless = threshold?.canBeReachedFrom(prefix) === false;
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
   * @param {{text: string, label: number}} name
   * @param {number} openingProbability
   */
  admits({ text, label }, openingProbability) {
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
