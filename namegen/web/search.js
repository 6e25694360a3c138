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
// Of a request for more names than these, only each that is found pays for more.
const NAMES_ON_TRUST = 10_000;
const NAMES_ON_TRUST_FOR_TEXT = 1000;
const TRIES_IN_VAIN = 22_000; // since the last name that was found: as many as a thousand names pay for
const LETTERS_IN_VAIN = 100_000;
const LETTERS_IN_VAIN_FOR_TEXT = 80_000; // as many as a hundred pay for

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
    this.before = { tries: 0, letters: 0 }; // when the last name was found
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

  /** Whether there are enough names, or it was tried enough: counted, not timed, so that names repeat. */
  get done() {
    const { wish, found, tries, letters, before } = this;
    if (this.trouble || found.length >= wish.n) return true;
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
    this.before = { tries: this.tries, letters: this.letters };
    this.found.push({ name, isNew, beginning: last.root.token, tokens, numbers });
  }

  begin() {
    if (this.beginnings.length === 1) return this.beginnings[0].prefix;
    return this.beginnings[draw(this.nextNumber(), this.chances)].prefix;
  }
}
