// Drawing: one name, and a search for names that are as wished.

/**
 * Draw one name, from a prefix on, one uniform number a token. The reference is Generator.draw_one_by_one.
 * Returns {last, numbers}: the whole name as a Prefix and the uniform numbers that led to it; last is null if the name
 * would be longer than `longest` characters.
 */
function drawName(prefix, nextNumber, temperature, longest) {
  const numbers = [];
  for (;;) {
    const number = nextNumber();
    numbers.push(number);
    const token = draw(number, prefix.chances(temperature));
    if (token === BOUNDARY) return { last: prefix, numbers };
    if (prefix.depth >= longest) return { last: null, numbers };
    prefix = prefix.then(token);
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

  endOf(tokens) {
    return this.at(tokens, tokens.length - this.ids.length);
  }

  in(tokens) {
    for (let place = tokens.length - this.ids.length; place >= 0; place--) if (this.at(tokens, place)) return true;
    return false;
  }
}

const TRIES = 2000; // and 20 for each name
const LETTERS = 100_000; // and 1,000, drawn in tries: of a thousand letters each, 2,000 tries would take minutes
const LETTERS_FOR_TEXT = 30_000; // and 500, but any number of tries: few names have a text at their end or inside
const NAMES_ON_TRUST = 1000; // asked for, that all this is granted for; of more names, for those that are found

/** A search for names: distinct ones, as wished. The same wish with the same seed finds the same names. */
class Search {
  /** `wish`: {n, seed, temperature, first, contains, ends, shortest, longest, onlyNew, label}, texts and label optional. */
  constructor(model, wish) {
    this.model = model;
    this.wish = wish;
    this.nextNumber = randomNumbers(wish.seed);
    this.contains = new TextWish(model, wish.contains ?? "");
    this.ends = new TextWish(model, wish.ends ?? "");
    // {name, isNew, beginning, tokens, numbers}: the last tokens, and the boundary, were drawn by the numbers
    this.found = [];
    this.taken = new Set();
    this.tries = 0;
    this.letters = 0; // drawn, the ends of names too
    this.beginnings = [];
    this.trouble = this.impossible();
    if (this.trouble) return;
    this.beginnings = model.beginnings(wish.first, wish.temperature, wish.label); // the network reads: it takes a while
    this.chances = this.beginnings.map(({ chance }) => chance);
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

  /** How many tries, and how many letters in them, it takes at most: counted, not timed, so that names repeat. */
  get bounds() {
    const { n, temperature, contains, ends } = this.wish;
    // always the same name; with labels one for each
    if (temperature === 0) return [this.beginnings.length === 1 ? 1 : 20 * this.beginnings.length, Infinity];
    const names = Math.min(n, Math.max(NAMES_ON_TRUST, this.found.length));
    return contains || ends ? [Infinity, LETTERS_FOR_TEXT + 500 * names] : [TRIES + 20 * names, LETTERS + 1000 * names];
  }

  get done() {
    if (this.trouble || this.found.length >= this.wish.n) return true;
    const [mostTries, mostLetters] = this.bounds;
    return this.tries >= mostTries || this.letters >= mostLetters;
  }

  /** Search on for so many milliseconds; returns the names found meanwhile. */
  run(milliseconds) {
    const until = performance.now() + milliseconds;
    const before = this.found.length;
    while (!this.done && performance.now() < until) this.tryOnce();
    return this.found.slice(before);
  }

  tryOnce() {
    const { temperature, shortest, longest, onlyNew } = this.wish;
    this.tries += 1;
    const { last, numbers } = drawName(this.begin(), this.nextNumber, temperature, longest);
    this.letters += numbers.length;
    if (last === null || last.depth < shortest) return;
    const tokens = last.tokens;
    if (!this.ends.endOf(tokens) || !this.contains.in(tokens)) return;
    const name = last.text;
    if (!this.model.wellFormed(name)) return;
    const normalised = this.model.normalise(name);
    if (this.taken.has(normalised)) return;
    const isNew = this.model.isNew(normalised);
    if (onlyNew && isNew === false) return;
    this.taken.add(normalised);
    this.found.push({ name, isNew, beginning: last.root.token, tokens, numbers });
  }

  begin() {
    if (this.beginnings.length === 1) return this.beginnings[0].prefix;
    return this.beginnings[draw(this.nextNumber(), this.chances)].prefix;
  }
}
