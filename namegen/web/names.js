// Names from a network: one drawn at a time, and a search for names that are as wished.

/**
 * A prefix that the network has read: its state and what may follow. Names that share a prefix share its object, so the
 * network reads each prefix once.
 */
class Prefix {
  constructor(model, token, before) {
    const { state, logits } = model.network.step(token, before ? before.state : model.network.initialState());
    Object.assign(this, { model, token, before, state, logits, children: new Map() });
    this.depth = before ? before.depth + 1 : 0; // characters
  }

  /** The probability of each id to come next. */
  chances(temperature) {
    if (this.temperature !== temperature) {
      this.temperature = temperature;
      this.lastChances = probabilities(this.logits, temperature);
    }
    return this.lastChances;
  }

  /** The prefix one character longer. */
  then(token) {
    let child = this.children.get(token);
    if (!child) {
      child = new Prefix(this.model, token, this);
      if (this.model.prefixes < this.model.mostPrefixes) {
        this.model.prefixes += 1;
        this.children.set(token, child);
      }
    }
    return child;
  }

  /** The empty prefix that it goes on from: its beginning alone. */
  get root() {
    return this.before ? this.before.root : this;
  }

  /** Its characters' ids, and its characters. */
  get tokens() {
    const tokens = [];
    for (let prefix = this; prefix.before; prefix = prefix.before) tokens.unshift(prefix.token);
    return tokens;
  }

  get text() {
    return this.tokens.map((token) => this.model.characters[token]).join("");
  }
}

const PROBE_TOKENS = 8;
const PROBE_TOLERANCE = 1e-3; // a share of the largest logit, or of 1 where all are smaller
const MOST_KEPT_NUMBERS = 4e6; // of the states and logits that are kept for prefixes already read: about 64 MB

/** The largest difference of two rows of numbers; NaN where one is. */
function distance(a, b) {
  return Math.max(...Array.from(b, (value, k) => Math.abs(a[k] - value)));
}

class Model {
  /** `description`: one model of the page's data, see namegen/web/export.py. */
  constructor(description) {
    this.name = description.name;
    this.description = description;
    this.network = new Network(description);
    this.characters = [null, ...description.characters]; // by id; the boundary is no character
    // What a name may begin with: the boundary, or of each label an id of its own behind the characters'.
    const labels = description.labels;
    const names = labels.reduce((sum, label) => sum + label.names, 0);
    this.starts = labels.map((label, k) => ({
      token: this.characters.length + k,
      chance: label.names / names,
      label: label.name,
    }));
    if (labels.length === 0) this.starts = [{ token: BOUNDARY, chance: 1, label: null }];
    this.spaces = new Set(description.spaces);
    this.normaliser = new Normaliser(description);
    this.knownNames = description.known_names === null ? null : new KnownNames(description.known_names);
    const numbers = this.characters.length * 2 + this.network.states * description.hidden.reduce((a, b) => a + b);
    this.mostPrefixes = Math.floor(MOST_KEPT_NUMBERS / numbers);
    this.sound = this.givesItsProbe(description.probe);
  }

  /**
   * Whether this arithmetic gives what the engine gave that trained the network: the logits after a beginning, and after
   * eight fixed tokens behind it. The reference is core/evaluation/probe.py. A model of an older namegen has none: null.
   */
  givesItsProbe(probe) {
    if (probe === null) return true;
    const [first, last] = probe.map((row) => new Float32Array(bytesOfBase64(row)));
    let { state, logits } = this.network.step(this.starts[0].token, this.network.initialState());
    let difference = distance(logits, first);
    const characters = Math.max(first.length - 1, 1);
    for (let i = 1; i <= PROBE_TOKENS; i += 1) {
      ({ state, logits } = this.network.step((1 + ((7 * i) % characters)) % first.length, state));
    }
    difference = Math.max(difference, distance(logits, last));
    const largest = Math.max(1, ...[...first, ...last].map(Math.abs));
    return difference <= PROBE_TOLERANCE * largest; // false for NaN
  }

  /**
   * The empty prefixes, of which a beginning has been read, as [{prefix, chance, label}]: one, whose label is null, or one
   * for each label. What was read before is kept, until it is too much.
   */
  get roots() {
    if (!this.keptRoots || this.prefixes >= this.mostPrefixes) {
      this.prefixes = 0;
      this.keptRoots = this.starts.map(({ token, ...more }) => ({ prefix: new Prefix(this, token, null), ...more }));
    }
    return this.keptRoots;
  }

  /** The empty prefix; with labels, that of the first. */
  get start() {
    return this.roots[0].prefix;
  }

  normalise(name) {
    return this.normaliser.normalise(name);
  }

  /** True: not in the list; false: in it; null: the model does not know the list's names. */
  isNew(normalised) {
    return this.knownNames && !this.knownNames.has(normalised);
  }

  /** Whether a list could hold the name as it stands: not empty, and no space at either end (lists are trimmed). */
  wellFormed(name) {
    const characters = [...name];
    return characters.length > 0 && !this.spaces.has(characters[0]) && !this.spaces.has(characters.at(-1));
  }

  /**
   * The ways in which names may begin with these letters, letter case aside, of every label, as [{prefix, chance}] with
   * chances that sum to 1. A name that is drawn on from one of them, taken by its chance, has exactly the distribution of the names
   * that begin so; nothing has to be drawn in vain. Empty: the model lacks a character.
   */
  beginnings(letters, temperature) {
    const fold = (text) => this.normaliser.fold(text);
    // The model's table folds its own characters only; what somebody types may be others, as S where it knows s.
    const alike = (a, b) => fold(a) === fold(b) || a.toLowerCase() === b.toLowerCase();
    const roots = this.roots.filter(({ chance }) => chance > 0);
    let ways = roots.map(({ prefix, chance }) => ({ prefix, score: Math.log(chance) }));
    for (const letter of letters.normalize("NFC")) {
      const ids = [...this.characters.keys()].filter((id) => id !== BOUNDARY && alike(this.characters[id], letter));
      ways = ways.flatMap(({ prefix, score }) =>
        // at temperature 0 all ways but one would be impossible, and that one too
        ids.map((id) => ({ prefix, id, score: score + logProbability(prefix.logits, id, temperature || 1) })),
      );
      ways.sort((a, b) => b.score - a.score);
      ways = ways.slice(0, 64).map(({ prefix, id, score }) => ({ prefix: prefix.then(id), score }));
    }
    if (temperature === 0) {
      const first = (root) => ways.find(({ prefix }) => prefix.root === root);
      ways = ways.filter((way) => way === first(way.prefix.root));
    }
    if (ways.length === 0) return [];
    const chances = probabilities(ways.map(({ score }) => score), 1);
    return ways.map(({ prefix }, k) => ({ prefix, chance: chances[k] }));
  }
}

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

/** A search for names: distinct ones, as wished. The same wish with the same seed finds the same names. */
class Search {
  /** `wish`: {n, seed, temperature, first, shortest, longest, onlyNew}. */
  constructor(model, wish) {
    this.model = model;
    this.wish = wish;
    this.nextNumber = randomNumbers(wish.seed);
    this.beginnings = model.beginnings(wish.first, wish.temperature);
    // {name, isNew, beginning, tokens, numbers}: the last tokens, and the boundary, were drawn by the numbers
    this.found = [];
    this.taken = new Set();
    this.tries = 0;
    this.mostTries = 2000 + 20 * wish.n;
    // always the same name; with labels one for each
    if (wish.temperature === 0) this.mostTries = this.beginnings.length === 1 ? 1 : 20 * this.beginnings.length;
    if (this.beginnings.length === 0 || this.beginnings[0].prefix.depth > wish.longest) this.mostTries = 0;
    if (!model.sound) this.mostTries = 0; // its names would be wrong
  }

  get done() {
    return this.found.length >= this.wish.n || this.tries >= this.mostTries;
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
    if (last === null || last.depth < shortest) return;
    const name = last.text;
    if (!this.model.wellFormed(name)) return;
    const normalised = this.model.normalise(name);
    if (this.taken.has(normalised)) return;
    const isNew = this.model.isNew(normalised);
    if (onlyNew && isNew === false) return;
    this.taken.add(normalised);
    this.found.push({ name, isNew, beginning: last.root.token, tokens: last.tokens, numbers });
  }

  begin() {
    if (this.beginnings.length === 1) return this.beginnings[0].prefix;
    return this.beginnings[draw(this.nextNumber(), this.beginnings.map(({ chance }) => chance))].prefix;
  }
}
