// A search for names that are as wished, by random numbers from a seed, and why it found fewer than were asked for.

// ---- random numbers ----

// Random numbers from a seed: xoshiro128** (Blackman and Vigna, 2018), its state filled by splitmix32.
// The same seed gives the same numbers in every browser. docs/use/web.md has both in full.

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
 * would be longer than `longest` characters, cannot reach its bar, of `bars` (a row of Bars.at; null: any will do), has
 * four characters in a row that no listed name has, or is `onlyNew` and begins as a listed company does.
 */
function drawName(prefix, nextNumber, temperature, longest, bars = null, onlyNew = false) {
  const numbers = [];
  let merit = bars && prefix.merit;
  for (;;) {
    const number = nextNumber();
    numbers.push(number);
    const token = draw(number, prefix.chances(temperature));
    if (bars) {
      merit += prefix.meritOf(token);
      const bar = token === BOUNDARY ? bars.whole[prefix.depth] : bars.lowest[prefix.depth + 1];
      if (merit < (bar ?? Infinity)) return { last: null, numbers }; // names as long as that have none
    }
    if (token === BOUNDARY) return { last: bars && !prefix.isAttested(true) ? null : prefix, numbers };
    if (prefix.depth >= longest) return { last: null, numbers };
    prefix = prefix.then(token);
    if ((bars && !prefix.isAttested()) || (onlyNew && prefix.isClaimed)) return { last: null, numbers };
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

const TRIES = 10_000; // and 20 for each name
const LETTERS = 100_000; // and 1,000, drawn in tries: of a thousand letters each, as many tries would take minutes
const LETTERS_FOR_TEXT = 30_000; // and 500, but any number of tries: few names have a text at their end or inside
// Of a request for more names than these, only each that is found pays for more.
const NAMES_ON_TRUST = 10_000;
const NAMES_ON_TRUST_FOR_TEXT = 1000;
const TRIES_IN_VAIN = 22_000; // since the last name that was found
const LETTERS_IN_VAIN = 100_000;
const LETTERS_IN_VAIN_FOR_TEXT = 80_000; // as many as a hundred pay for
const TIMES = 1.75; // how often a beginning may come, beside how often the model has it
const VARIED = 10_000; // names: who asks for more does not read them

/** A search for names: distinct ones, as wished. The same wish with the same seed finds the same names. */
class Search {
  /** `wish`: {n, seed, temperature, first, shortest, longest, onlyNew}; optional: {choose, contains, ends, label, rude,
   * letterCase}. */
  constructor(model, wish) {
    this.model = model;
    this.wish = wish;
    this.nextNumber = randomNumbers(wish.seed);
    this.contains = new TextWish(model, wish.contains ?? "");
    this.ends = new TextWish(model, wish.ends ?? "");
    // {name, isNew, start, share, tokens, numbers}. start: its place among those of the model; the last tokens, and the
    // boundary, were drawn by the numbers
    this.found = [];
    this.waiting = new Map(); // by its form, what is found of a name whose beginning has come too often
    this.begun = new Map(); // how many of those found begin so, by their label; of "" all
    this.taken = new Set();
    this.choose = (model.bars && wish.choose) ?? EVERY_NAME;
    // Those that are left. Of all names with a rare text inside or at their end, nearly none sounds right.
    const most = model.fourGrams && (wish.contains || wish.ends) ? EVERY_NAME : Infinity;
    this.shares = LADDER.filter((share) => share > this.choose && share < most);
    this.take(this.choose);
    this.trouble = this.impossible();
    if (this.trouble) return;
    this.beginnings = model.beginnings(wish.first, wish.temperature, wish.label); // the network reads: it takes a while
    const all = this.beginnings.reduce((sum, { chance }) => sum + chance, 0);
    this.chances = this.beginnings.map(({ chance }) => chance / all);
    if (this.beginnings.length === 0) this.trouble = { why: "together" };
  }

  /**
   * Why no name can be as wished: {why}, with the letter or the part that is at fault; null where one may be. Nothing is
   * read for that.
   */
  impossible() {
    const { first, contains = "", ends = "", shortest, longest } = this.wish;
    const unsound = this.model.parts.find(({ probed }) => !probed);
    if (unsound) return { why: "unsound", part: unsound }; // its names would be wrong
    if (/^\s/u.test(first) || /\s$/u.test(ends)) return { why: "space" };
    const texts = [...this.model.spellings(first), ...this.contains.spellings, ...this.ends.spellings];
    const lacking = texts.find(({ ids }) => ids.length === 0);
    if (lacking) return { why: "letter", letter: lacking.letter };
    const needed = Math.max(shortest, ...[first, contains, ends].map((text) => [...text.normalize("NFC")].length));
    return needed > longest ? { why: "lengths" } : null;
  }

  /** Search among this share of the names, the likeliest. */
  take(share) {
    this.share = share;
    this.bars = share === EVERY_NAME ? null : this.model.bars.at(share, this.wish.longest);
    this.tries = this.letters = 0; // drawn since, the ends of names among the letters
    this.before = { tries: 0, letters: 0 }; // when the last name was found
  }

  /** Whether there are enough names, or it was tried enough with every share. */
  get done() {
    return this.trouble !== null || this.found.length >= this.wish.n || (this.shares.length === 0 && this.exhausted);
  }

  /** Whether it was tried enough with this share: counted, not timed, so that names repeat. */
  get exhausted() {
    const { wish, found, tries, letters, before } = this;
    // always the same name; with labels one for each
    if (wish.temperature === 0) return tries >= (this.beginnings.length === 1 ? 1 : 20 * this.beginnings.length);
    if (wish.contains || wish.ends) {
      const names = Math.min(wish.n, Math.max(NAMES_ON_TRUST_FOR_TEXT, found.length));
      return letters >= LETTERS_FOR_TEXT + 500 * names || letters - before.letters >= LETTERS_IN_VAIN_FOR_TEXT;
    }
    const names = Math.min(wish.n, Math.max(NAMES_ON_TRUST, found.length));
    const tooMany = tries >= TRIES + 20 * names || letters >= LETTERS + 1000 * names;
    return tooMany || tries - before.tries >= TRIES_IN_VAIN || letters - before.letters >= LETTERS_IN_VAIN;
  }

  /** Search on for so many milliseconds; returns the names found meanwhile. */
  run(milliseconds) {
    const until = performance.now() + milliseconds;
    const before = this.found.length;
    while (!this.done && performance.now() < until) this.tryOnce();
    return this.found.slice(before);
  }

  tryOnce() {
    const { temperature, shortest, longest, onlyNew, letterCase } = this.wish;
    if (this.exhausted) {
      for (const [form, found] of this.waiting) return this.give(form, found); // no others turn up
      const inVain = this.found.at(-1)?.share !== this.share && this.share > this.choose;
      if (inVain) this.shares = this.shares.slice(-1); // not the bar, a wish is in the way
      this.take(this.shares.shift());
    }
    this.tries += 1;
    const { prefix } = this.beginnings[this.beginnings.length === 1 ? 0 : draw(this.nextNumber(), this.chances)];
    const start = prefix.root.token - this.model.starts[0].token; // their ids are one after the other
    const bars = this.bars && this.bars[start % this.bars.length];
    const { last, numbers } = drawName(prefix, this.nextNumber, temperature, longest, bars, onlyNew);
    this.letters += numbers.length;
    if (last === null || last.depth < shortest) return;
    const tokens = last.tokens;
    if (!this.ends.at(tokens, tokens.length - this.ends.ids.length)) return;
    if (!tokens.some((_, place) => this.contains.at(tokens, place))) return;
    const name = last.text;
    if (!this.model.wellFormed(name) || (!this.wish.rude && isRude(name))) return;
    const normalised = this.model.normaliser.normalise(name);
    if (this.taken.has(normalised)) return;
    const isNew = this.model.isNew(normalised);
    if (this.wish.onlySeen && (isNew !== false || !last.isOfItsLabel)) return;
    if (onlyNew && (isNew === false || this.model.isClaimed(name, true))) return;
    if (!this.waiting.has(normalised)) this.before = { tries: this.tries, letters: this.letters };
    const shown = written(name, letterCase ?? usualCase(this.model.normaliser), this.model.normaliser);
    const found = { name: shown, isNew, start, share: this.share, tokens, numbers };
    if (this.isInTurn(last, start)) this.give(normalised, found);
    else this.waiting.set(normalised, found);
  }

  give(form, found) {
    this.taken.add(form);
    this.waiting.delete(form);
    this.found.push(found);
  }

  /** Given.in_turn: whether a name may come now, which is then counted. */
  isInTurn(prefix, start) {
    const { temperature, first, contains, ends } = this.wish;
    const asDrawn = !this.bars || temperature !== 1 || first || contains || ends; // those decide how names begin
    if (asDrawn || this.wish.n > VARIED) return true;
    while (prefix.depth > FIRST) prefix = prefix.before;
    const [count, all] = [prefix.text, ""].map((begun) => this.begun.get(`${start} ${begun}`) ?? 0);
    const isInTurn = count < 1 + TIMES * Math.exp(2 * prefix.merit) * all;
    if (isInTurn) this.begun.set(`${start} ${prefix.text}`, count + 1).set(`${start} `, all + 1);
    return isInTurn;
  }
}

// ---- messages; page and module say the same ----

/** 0.1 as "the likeliest 10 %". */
const shareText = (share) => (share === EVERY_NAME ? "all" : `the likeliest ${Math.round(1000 * share) / 10}\u00a0%`);

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

function wouldBeWrong(what, { title, record }) {
  return (
    `${what} computes something else for ${title} than the engine “${record.engine}”, which trained it. ` +
    "Its names would be wrong, so none are drawn: use it with that engine."
  );
}

/** What is said of names less likely than those that were asked for; "" where there are none. */
function whyLessLikely({ found, choose, wish }) {
  const likely = found.filter(({ share }) => share === choose).length;
  if (likely === found.length) return "";
  const none = likely ? `After ${thousands(likely)} of ${countOf(wish.n, "name")} no more` : "No names";
  return `${none} of ${shareText(choose)} turned up: less likely ones were taken.`;
}

function whyFewer({ found, tries, trouble, model, wish, choose }) {
  if (trouble) return whyNone(trouble, model);
  if (wish.temperature === 0) {
    const same = model.starts.length > 1 && wish.label === null ? "the same name of each label" : "the same name";
    if (!found.length) return "At temperature 0 there is only one name, and it does not fit. Raise the temperature.";
    return `Temperature 0 always takes the likeliest letter, and so always ${same}.`;
  }
  const texts = wish.first || wish.contains || wish.ends;
  const likely = choose < EVERY_NAME && model.fourGrams && (wish.contains || wish.ends);
  return (
    `${found.length ? "No more" : "No"} names that fit turned up in ${thousands(tries)} tries. ` +
    `Allow more lengths, ${texts ? "shorten or change the letters that you ask for, " : ""}` +
    (likely ? "choose all names, " : "") +
    `${wish.onlyNew ? "" : "or "}${wish.temperature > 1.5 ? "lower" : "raise"} the temperature` +
    (wish.onlyNew ? ", or allow names of the list." : ".")
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
