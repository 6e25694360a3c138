// A model: prefixes that its network has read, what names may begin with, and which names are new.

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
const MOST_WAYS = 64; // in which first letters may be written that are looked at
const MOST_READ = 5000; // letters of such ways, of a text that is longer than any name: the fewer ways

/** The largest difference of two rows of numbers; NaN where one is. */
function distance(a, b) {
  return Math.max(...Array.from(b, (value, k) => Math.abs(a[k] - value)));
}

/** The empty prefix behind one beginning, read when it is first asked for: there may be thousands of labels. */
class Root {
  constructor(model, { token, chance, label }) {
    Object.assign(this, { model, token, chance, label });
  }

  get prefix() {
    if (!this.read) {
      this.read = new Prefix(this.model, this.token, null);
      this.model.prefixes += 1;
    }
    return this.read;
  }
}

/**
 * What names are drawn from: a network, its characters, and the lists that it knows. `Model` and `Blend` are those.
 *
 * parts: the models that it is made of.
 * network: {step, initialState, numbers, widths, hiddenStates}.
 * characters: all that it knows, in the order of their ids, from 1 on.
 * starts: what a name may begin with, as [{token, chance, label}].
 */
class NameSource {
  constructor({ parts, network, characters, starts, spaces, normaliser }) {
    Object.assign(this, { parts, network, starts, normaliser });
    this.characters = [null, ...characters]; // by id; the boundary is no character
    this.spaces = new Set(spaces);
    this.mostPrefixes = Math.floor(MOST_KEPT_NUMBERS / (this.characters.length * 2 + network.numbers));
  }

  /** Whether all arithmetic gives what the engines gave that trained the networks. */
  get sound() {
    return this.parts.every(({ probed }) => probed);
  }

  /**
   * The empty prefixes, of which a beginning has been read, as [{prefix, token, chance, label}]: one, whose label is
   * null, or one for each label. What was read before is kept, until it is too much.
   */
  get roots() {
    if (!this.keptRoots || this.prefixes >= this.mostPrefixes) {
      this.prefixes = 0;
      this.keptRoots = this.starts.map((start) => new Root(this, start));
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

  /** Whether it can be said which names are new. */
  get knowsNames() {
    return this.parts.every(({ knownNames }) => knownNames !== null);
  }

  /** True: in no list that was read; false: in one; null: a model does not know its list's names. */
  isNew(normalised) {
    return this.knowsNames ? !this.parts.some(({ knownNames }) => knownNames.has(normalised)) : null;
  }

  /** Whether a list could hold the name as it stands: not empty, and no space at either end (lists are trimmed). */
  wellFormed(name) {
    const characters = [...name];
    return characters.length > 0 && !this.spaces.has(characters[0]) && !this.spaces.has(characters.at(-1));
  }

  /** For each letter of a text the ids of the characters that are it, letter case aside, as [{letter, ids}]. */
  spellings(text) {
    // The model's table folds its own characters only; what somebody types may be others, as S where it knows s.
    const form = (letter) => this.normaliser.fold(letter.toLowerCase());
    this.forms ??= this.characters.map((character) => character && form(character));
    return [...text.normalize("NFC")].map((letter) => {
      const wanted = form(letter);
      return { letter, ids: [...this.forms.keys()].filter((id) => this.forms[id] === wanted) };
    });
  }

  /**
   * The ways in which names of a label (null: of any) may begin with these letters, letter case aside, as
   * [{prefix, chance}] with chances that sum to 1. A name that is drawn on from one of them, taken by its chance, has
   * exactly the distribution of the names that begin so; nothing has to be drawn in vain. Empty: it lacks a character,
   * or no network knows all letters.
   */
  beginnings(letters, temperature, label = null) {
    if (label !== null) return this.waysFrom(this.roots.filter((root) => root.label === label), letters, temperature);
    return this.waysFrom(this.roots.filter(({ chance }) => chance > 0), letters, temperature);
  }

  waysFrom(roots, letters, temperature) {
    if (letters === "") return roots.length === 1 ? [{ prefix: roots[0].prefix, chance: 1 }] : roots;
    const share = (root) => (roots.length === 1 ? 1 : root.chance);
    let ways = roots.map((root) => ({ prefix: root.prefix, score: Math.log(share(root)) }));
    const spellings = this.spellings(letters);
    const most = Math.min(MOST_WAYS, Math.ceil(MOST_READ / spellings.length)); // 64 of up to 79 letters
    for (const { ids } of spellings) {
      ways = ways.flatMap(({ prefix, score }) =>
        // at temperature 0 all ways but one would be impossible, and that one too
        ids.map((id) => ({ prefix, id, score: score + logProbability(prefix.logits, id, temperature || 1) })),
      );
      ways = ways.filter(({ score }) => score > -Infinity);
      ways.sort((a, b) => b.score - a.score);
      ways = ways.slice(0, most).map(({ prefix, id, score }) => ({ prefix: prefix.then(id), score }));
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

/** One network, and the list that it has read. */
class Model extends NameSource {
  /** `description`: one model of the page's data, see namegen/web/export.py. */
  constructor(description) {
    const { labels } = description;
    const characters = [...description.characters];
    const names = labels.reduce((sum, label) => sum + label.names, 0);
    // What a name may begin with: the boundary, or of each label an id of its own behind the characters'.
    const starts = labels.map((label, k) => ({
      token: characters.length + 1 + k,
      chance: label.names / names,
      label: label.name,
    }));
    super({
      parts: [],
      network: new Network(description),
      characters,
      starts: labels.length ? starts : [{ token: BOUNDARY, chance: 1, label: null }],
      spaces: description.spaces,
      normaliser: new Normaliser(description),
    });
    this.parts.push(this);
    this.name = description.name;
    this.title = description.title;
    this.description = description;
    this.knownNames = description.known_names === null ? null : new KnownNames(description.known_names);
    this.probed = this.givesItsProbe(description.probe);
  }

  /**
   * Whether this arithmetic gives what the engine gave that trained the network: the logits after a beginning, and after
   * eight fixed tokens behind it. The reference is core/evaluation/evaluator.py. A model of an older namegen has none: null.
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
}
