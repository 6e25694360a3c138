// A search for names that are as wished, by random numbers from a seed, and why it found fewer than were asked for.

// ---- random numbers ----

// Random numbers from a seed: xoshiro128** (Blackman and Vigna, 2018), its state filled by splitmix32.
// The same seed gives the same numbers in every browser. docs/guides/web-page.md has both in full.

/** A function that gives the next uniform number in [0, 1), of 53 random bits. `seed`: a whole number below 2^32. */
function randomNumbers(seed) {
  const rotate = (x, bits) => (x << bits) | (x >>> (32 - bits));
  const state = new Uint32Array(4);
  for (let k = 0; k < 4; k++) {
    let z = (seed + Math.imul(k + 1, 0x9e3779b9)) | 0;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    state[k] = z ^ (z >>> 16);
  }
  const next32 = () => {
    const result = Math.imul(rotate(Math.imul(state[1], 5), 7), 9) >>> 0;
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 11);
    return result;
  };
  return () => {
    const high = next32() >>> 5; // 27 bits
    const low = next32() >>> 6; // 26 bits
    return (high * 2 ** 26 + low) / 2 ** 53;
  };
}

/** A seed that nobody chose. */
function newSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

// ---- drawing ----

/**
 * Draw one name, from a prefix on, one uniform number a token. The reference is Generator.draw_one_by_one.
 * Returns {last, numbers}: the whole name as a Prefix and the uniform numbers that led to it; last is null if the name
 * would be longer than `longest` characters, can't reach the `threshold` (null: there is none), or is `onlyNew` and begins
 * as a listed company does.
 */
function drawName(prefix, nextNumber, temperature, longest, threshold = null, onlyNew = false) {
  const numbers = [];
  for (;;) {
    const number = nextNumber();
    numbers.push(number);
    const token = draw(number, prefix.chances(temperature));
    if (token === BOUNDARY) {
      const isGood = threshold === null || threshold.isReachedBy(prefix);
      return { last: isGood ? prefix : null, numbers };
    }
    if (prefix.depth >= longest) return { last: null, numbers };
    prefix = prefix.then(token);
    const isHopeless = threshold !== null && !threshold.mayBeReachedBy(prefix);
    if (isHopeless || (onlyNew && prefix.isClaimed)) return { last: null, numbers };
  }
}

/** A text that a name has inside or at its end, letter case aside: for each of its letters the ids that are it. */
class TextWish {
  constructor(model, text) {
    this.spellings = model.spellings(text);
    this.ids = this.spellings.map(({ ids }) => new Set(ids));
  }

  /** Whether the text stands in the tokens from this place on. */
  at(tokens, place) {
    return place >= 0 && this.ids.every((ids, k) => ids.has(tokens[place + k]));
  }
}

// When drawing ends. Tries and letters are counted, not timed, so that the same seed gives the same names everywhere.
// Drawing ends after `most` of them and `perName` more for each name, or after `inVain` since the last name was found.
// In a request for more names than `onTrust`, each name counts only once it has been found.
const UNFILTERED = {
  onTrust: 10_000,
  tries: { most: 10_000, perName: 20, inVain: 22_000 },
  letters: { most: 100_000, perName: 1000, inVain: 100_000 }, // names of a thousand letters take as long as many tries
};
const UNFILTERED_WITH_TEXT = {
  onTrust: 1000,
  tries: { most: Infinity, perName: 0, inVain: Infinity }, // few names have a text at their end or inside
  letters: { most: 30_000, perName: 500, inVain: 80_000 },
};
const FILTERED = {
  onTrust: 0,
  tries: { most: Infinity, perName: 0, inVain: Infinity },
  letters: { most: 30_000, perName: 1500, inVain: Infinity }, // beyond that, the second pass is faster
};
const CANDIDATES = 4; // candidates of the second pass for each name that is missing, at least
const DRAWS_FOR_CANDIDATES = 400; // draws of the second pass, at least

/** Counts what was drawn, and tells when it's enough. */
class Effort {
  /** `limits`: see above. `wanted`: how many names. */
  constructor(limits, wanted) {
    Object.assign(this, { limits, wanted, found: 0 });
    this.drawn = { tries: 0, letters: 0 };
    this.atLastName = { tries: 0, letters: 0 };
  }

  addTry(letters) {
    this.drawn.tries += 1;
    this.drawn.letters += letters;
  }

  addName() {
    this.found += 1;
    this.atLastName = { ...this.drawn };
  }

  get isSpent() {
    const names = Math.min(this.wanted, Math.max(this.limits.onTrust, this.found));
    const isTooMuch = (what) => {
      const { most, perName, inVain } = this.limits[what];
      const drawn = this.drawn[what];
      return drawn >= most + perName * names || drawn - this.atLastName[what] >= inVain;
    };
    return isTooMuch("tries") || isTooMuch("letters");
  }
}

/**
 * A search for names: distinct ones, as wished. The same request with the same seed finds the same names.
 *
 * A filtered search returns new names that reach the threshold of their score, in two passes: it draws names, and gives
 * each up as soon as it can't reach the threshold. If names are still missing after many draws, it draws without a
 * threshold, and returns the best of the names found so. Known names aren't scored. namegen/core/generation/search.py
 * says more.
 */
class Search {
  /**
   * `request`: {n, seed, temperature, first, shortest, longest, onlyNew}; optional: {unfiltered, contains, ends, label, rude,
   * letterCase}. shortest: null for the usual, which doesn't count for known names.
   */
  constructor(model, request) {
    this.model = model;
    this.request = request;
    this.nextNumber = randomNumbers(request.seed);
    this.contains = new TextWish(model, request.contains ?? "");
    this.ends = new TextWish(model, request.ends ?? "");
    // {name, isNew, isScored, start, tokens, numbers}. start: its place among those of the model; the last tokens, and
    // the boundary, were drawn by the numbers.
    this.found = [];
    this.taken = new Set(); // the forms of names that don't come again
    this.tries = this.letters = 0; // drawn so far, the ends of names among the letters
    this.filled = 0; // how many names are from the second pass
    this.isFiltered = model.filters && !request.unfiltered;
    this.isOver = false;
    this.trouble = this.impossible();
    if (this.trouble) return;
    this.readBeginnings();
    if (this.beginnings.length === 0) this.trouble = { why: "together" };
    this.attempts = this.search();
  }

  /** The prefixes that names are drawn from. The network reads first letters, which takes a while. */
  readBeginnings() {
    const { first, temperature, label } = this.request;
    this.beginnings = this.model.beginnings(first, temperature, label);
    const all = this.beginnings.reduce((sum, { chance }) => sum + chance, 0);
    this.chances = this.beginnings.map(({ chance }) => chance / all);
  }

  /**
   * Why no name can be as wished: {why}, with the letter or the part that is at fault; null where one may be. Nothing is
   * read for that.
   */
  impossible() {
    const { first, contains = "", ends = "", shortest, longest } = this.request;
    const unsound = this.model.parts.find(({ probed }) => !probed);
    if (unsound) return { why: "unsound", part: unsound }; // its names would be wrong
    if (/^\s/u.test(first) || /\s$/u.test(ends)) return { why: "space" };
    const texts = [...this.model.spellings(first), ...this.contains.spellings, ...this.ends.spellings];
    const lacking = texts.find(({ ids }) => ids.length === 0);
    if (lacking) return { why: "letter", letter: lacking.letter };
    const needed = Math.max(shortest ?? 1, ...[first, contains, ends].map((text) => [...text.normalize("NFC")].length));
    return needed > longest ? { why: "lengths" } : null;
  }

  /** Whether there are enough names, or it was tried enough. */
  get done() {
    return this.trouble !== null || this.isOver || this.found.length >= this.request.n;
  }

  /** Whether most names didn't reach the threshold. */
  get isMostlyFilled() {
    return this.filled > this.request.n / 2;
  }

  /** Search on for so many milliseconds; returns the names found meanwhile. */
  run(milliseconds) {
    const until = performance.now() + milliseconds;
    const before = this.found.length;
    while (!this.done && performance.now() < until) this.tryOnce();
    return this.found.slice(before);
  }

  tryOnce() {
    const { value, done } = this.attempts.next();
    this.isOver = done;
    if (value) this.found.push(this.shown(value));
  }

  // ---- the passes: each yields a name, or null, after each try ----

  search() {
    const { n, onlyNew } = this.request;
    if (!this.isFiltered) return this.unfiltered(n, { onlyNew });
    return onlyNew || !this.model.knowsNames ? this.filtered(n) : this.withKnownNames(n);
  }

  /** Up to n names from the model's own distribution. */
  *unfiltered(n, wanted) {
    const effort = this.effort(UNFILTERED, UNFILTERED_WITH_TEXT, n);
    while (effort.found < n && !effort.isSpent) {
      const name = this.draw(effort, wanted);
      if (name) this.take(name, effort);
      yield name;
    }
  }

  /** Up to n new names: those that reach the threshold, then the best of others. */
  *filtered(n) {
    const shortest = this.request.shortest ?? Math.min(this.model.shortestName, this.request.longest);
    const wanted = { onlyNew: this.request.onlyNew || this.model.knowsNames, shortest };
    const good = { ...wanted, threshold: new Threshold(this.model.scorer, this.request.longest) };
    const limit = new StartLimit();
    const effort = this.effort(FILTERED, FILTERED, n);
    while (effort.found < n && !effort.isSpent) {
      const name = this.draw(effort, good);
      const isReturned = name !== null && limit.admits(name);
      if (isReturned) this.take(name, effort);
      yield isReturned ? name : null;
    }
    const missing = n - effort.found;
    if (missing > 0) yield* this.bestOfOthers(missing, wanted, limit);
  }

  /** The best of some names without a threshold, at most as many as are missing, in the order in which they were drawn. */
  *bestOfOthers(missing, wanted, limit) {
    const candidates = [];
    const effort = this.effort(UNFILTERED, UNFILTERED_WITH_TEXT, missing);
    const hasEnough = () => effort.found >= CANDIDATES * missing && effort.drawn.tries >= DRAWS_FOR_CANDIDATES;
    while (!hasEnough() && !effort.isSpent) {
      const name = this.draw(effort, wanted);
      if (name) {
        this.take(name, effort);
        candidates.push(name);
      }
      yield null;
    }
    const ranked = [...candidates].sort((a, b) => b.score - a.score);
    const best = new Set();
    for (const name of ranked) if (best.size < missing && limit.admits(name)) best.add(name);
    for (const name of ranked) if (best.size < missing) best.add(name); // their start is too common
    this.filled = best.size;
    for (const name of candidates) if (best.has(name)) yield name;
  }

  /** n draws from the model's own distribution: of these the known names, and for each other one a filtered new name. */
  *withKnownNames(n) {
    const places = []; // a known name, or null for a new one
    for (const name of this.unfiltered(n, { onlyNew: false })) {
      if (name) places.push(name.isNew ? null : name);
      yield null;
    }
    while (places.length < n) places.push(null);
    this.taken.clear();
    const attempts = this.filtered(places.filter((known) => known === null).length);
    for (const known of places) {
      if (known) yield known;
      else yield* untilName(attempts);
    }
  }

  // ---- one name ----

  /** How long to draw; `limitsWithText`: if names need a text inside or at their end. */
  effort(limits, limitsWithText, wanted) {
    const { temperature, contains, ends } = this.request;
    if (temperature > 0) return new Effort(contains || ends ? limitsWithText : limits, wanted);
    // Always the same name; with labels, one for each.
    const tries = this.beginnings.length === 1 ? 1 : 20 * this.beginnings.length;
    return new Effort({ ...limits, tries: { most: tries, perName: 0, inVain: Infinity } }, wanted);
  }

  /**
   * Draw one name; null if it isn't as wanted. `wanted`: {onlyNew, shortest, threshold}; the last two are optional.
   * A name is {text, form, isNew, label, tokens, numbers, startProbability, score}; the last two only if it's scored.
   */
  draw(effort, { onlyNew, shortest = this.request.shortest ?? 1, threshold = null }) {
    const { temperature, longest, allowProfanity } = this.request;
    const { model } = this;
    const { prefix } = this.beginnings[this.beginnings.length === 1 ? 0 : draw(this.nextNumber(), this.chances)];
    const { last, numbers } = drawName(prefix, this.nextNumber, temperature, longest, threshold, onlyNew);
    this.tries += 1;
    this.letters += numbers.length;
    effort.addTry(numbers.length);
    if (last === null || last.depth < shortest || !this.hasTexts(last.tokens)) return null;
    const text = last.text;
    if (!model.wellFormed(text) || (!allowProfanity && isProfane(text))) return null;
    const form = model.normalizer.normalize(text);
    if (this.taken.has(form)) return null;
    const isNew = model.isNew(form);
    if (onlyNew && (isNew === false || model.isClaimed(text, true))) return null;
    if (!this.isWanted(last, isNew)) return null;
    const name = { text, form, isNew, label: last.label, tokens: last.tokens, numbers };
    if (!this.isFiltered) return name;
    return { ...name, startProbability: this.startProbabilityOf(last), score: model.scorer.scoreOf(last) };
  }

  /** Whether a name has the texts that are wished. */
  hasTexts(tokens) {
    const isAtEnd = this.ends.at(tokens, tokens.length - this.ends.ids.length);
    return isAtEnd && tokens.some((_, place) => this.contains.at(tokens, place));
  }

  /** What a subclass asks of a name besides; `last`: the whole name. */
  isWanted(last, isNew) {
    return true;
  }

  /** A name that won't come again. */
  take({ form }, effort) {
    this.taken.add(form);
    effort.addName();
  }

  /** The probability of a name's first characters, given its label and the first letters that are wished. */
  startProbabilityOf(last) {
    const ways = this.beginnings.map(({ prefix }) => prefix).filter(({ label }) => label === last.label);
    // Several ways to write the letters may have the same first characters.
    const wished = new Map(ways.map(startOf).map(({ text, score }) => [text, score]));
    const score = last.depth < FIRST ? last.endScore : startOf(last).score;
    return Math.exp(score - logSumOfExponentials([...wished.values()]));
  }

  /** What is said of a name. */
  shown({ text, isNew, label, tokens, numbers }) {
    const { normalizer } = this.model;
    const name = written(text, this.request.letterCase ?? usualCase(normalizer), normalizer);
    const isScored = this.isFiltered && isNew !== false; // known names aren't
    return { name, isNew, isScored, start: label, tokens, numbers };
  }
}

/** Attempts up to the next name. */
function* untilName(attempts) {
  for (let next = attempts.next(); !next.done; next = attempts.next()) {
    yield next.value;
    if (next.value) return;
  }
}

/** The first characters of a prefix. */
function startOf(prefix) {
  while (prefix.depth > FIRST) prefix = prefix.before;
  return prefix;
}

// ---- messages; page and module say the same ----

/** 12345 as 12,345. (The browser's own way loads its tables of languages, which the first names would wait for.) */
function thousands(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 name", "2 names". */
function countOf(number, what) {
  return `${thousands(number)} ${what}${number === 1 ? "" : "s"}`;
}

function needsLabel({ title }) {
  return `A blend needs one label: choose a label of ${title}.`;
}

function wouldBeWrong(what, { title, metadata }) {
  return (
    `${what} computes something else for ${title} than the backend “${metadata.engine}”, which trained it. ` +
    "Its names would be wrong, so none are drawn: use it with that engine."
  );
}

/** What is said if most names didn't reach the threshold; "" if they did. */
function whyFilled({ found, filled, isMostlyFilled }) {
  if (!isMostlyFilled) return "";
  const reaching = found.length - filled;
  if (reaching === 0) return "None of these names reaches the usual score. They are the best of those that fit.";
  const verb = reaching === 1 ? "reaches" : "reach";
  const some = `Only ${thousands(reaching)} of these ${countOf(found.length, "name")} ${verb} the usual score.`;
  return `${some} The others are the best of those that fit.`;
}

function whyFewer({ found, tries, trouble, model, request }) {
  if (trouble) return whyNone(trouble, model);
  if (request.temperature === 0) {
    const same = model.starts.length > 1 && request.label === null ? "the same name of each label" : "the same name";
    if (!found.length) return "At temperature 0 there is only one name, and it does not fit. Raise the temperature.";
    return `Temperature 0 always takes the likeliest letter, and so always ${same}.`;
  }
  const texts = request.first || request.contains || request.ends;
  return (
    `${found.length ? "No more" : "No"} names that fit turned up in ${thousands(tries)} tries. ` +
    `Allow more lengths, ${texts ? "shorten or change the letters that you ask for, " : ""}` +
    `${request.onlyNew ? "" : "or "}${request.temperature > 1.5 ? "lower" : "raise"} the temperature` +
    (request.onlyNew ? ", or allow names of the list." : ".")
  );
}

function whyNone({ why, letter, part }, model) {
  const network = model.parts.length > 1 ? "Neither network has ever" : "The network has never";
  switch (why) {
    case "unsound":
      return wouldBeWrong("This page", part);
    case "letter":
      return `${network} read “${letter}”, so no name can have it. Try other letters.`;
    case "space":
      return "No name begins or ends with a space: leave it out.";
    case "lengths":
      return "No name can keep these lengths: raise the longest length, or ask for less.";
    default:
      return "No network knows all of the first letters that you ask for. Try others, or give both models a share.";
  }
}
