// A model: prefixes that its network has read, what names may begin with, and which names are new.

/**
 * The beginning of a name. Names that share a prefix share its object, so the network reads each prefix once; it does so
 * when what follows is first asked for.
 */
class Prefix {
  constructor(model, token, before) {
    this.model = model;
    this.token = token;
    this.before = before;
    this.depth = before ? before.depth + 1 : 0; // characters
    this.label = before ? before.label : token - model.starts[0].token; // its place among the labels; 0 without any
    this.children = new Map();
  }

  /** What the network says after it: {state, chances}, the probability of each id to come next at temperature 1. */
  get reading() {
    if (!this.kept) {
      this.model.prefixes += 1;
      const { network } = this.model;
      const { state, logits } = network.step(this.token, this.before ? this.before.state : network.initialState());
      this.kept = { state, chances: probabilities(logits, 1) };
    }
    return this.kept;
  }

  get state() {
    return this.reading.state;
  }

  /** The probability of each id to come next. */
  chances(temperature) {
    if (temperature === 1) return this.reading.chances;
    return probabilities(this.reading.chances.map(Math.log), temperature);
  }

  /** The prefix one character longer. */
  then(token) {
    let child = this.children.get(token);
    if (!child) {
      child = new Prefix(this.model, token, this);
      if (!this.model.isFull) this.children.set(token, child);
    }
    return child;
  }

  /** The empty prefix that it goes on from: its beginning alone. */
  get root() {
    return this.before ? this.before.root : this;
  }

  /** Its log-probability given its beginning, at temperature 1, in nats. */
  get score() {
    return (this.ownScore ??= this.before ? this.before.scoreWith(this.token) : 0);
  }

  /** The same of the name that ends here. */
  get endScore() {
    return (this.ownEndScore ??= this.scoreWith(BOUNDARY));
  }

  scoreWith(id) {
    return this.score + Math.log(this.chances(1)[id]);
  }

  /** See `Scorer.tallyOf`. */
  get tally() {
    return (this.ownTally ??= this.model.scorer.tallyOf(this));
  }

  /** How many n-grams the name that ends here has that the list lacks. */
  get missingAtEnd() {
    return (this.ownMissing ??= this.model.scorer.missingOf(this));
  }

  /** Whether a word has ended after which no name is new, as a listed company begins so. */
  get isClaimed() {
    const ends = this.model.spaces.has(this.model.characters[this.token]);
    return (this.claimed ??= ends && this.model.isClaimed(this.text));
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
const MOST_KEPT_NUMBERS = 8e6; // of the states and chances that are kept of prefixes already read: about 64 MB
const MOST_WAYS = 64; // in which first letters may be written that are looked at
const MOST_READ = 5000; // letters of such ways, of a text that is longer than any name: the fewer ways

/** The largest difference of two rows of numbers; NaN where one is. */
function distance(a, b) {
  return Math.max(...Array.from(b, (value, k) => Math.abs(a[k] - value)));
}

/** The parts of a label, a line of a CSV file; as split_parts of Python. */
function splitParts(label) {
  const cells = [...`${label},`.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*)),/g)];
  return cells.map(([, quoted, bare]) => (quoted?.replaceAll('""', '"') ?? bare).trim());
}

/** A label as readers see it: without the parts that it leaves open. */
const labelText = (label) => splitParts(label).filter(Boolean).join(", ");

/** The parts of each label, where all have as many; else each is one. */
function partsOfLabels(labels) {
  const parts = labels.map(splitParts);
  return parts.every(({ length }) => length === parts[0].length) ? parts : labels.map((label) => [label]);
}

/** The places of the labels that somebody means: `meant_labels` in core/data/label_parts.py says which those are. */
function meantLabels(asked, labels) {
  const parts = partsOfLabels(labels);
  const every = [...(parts[0] ?? []).keys()];
  if (every.length === 1 && labels.includes(asked)) return [labels.indexOf(asked)];
  const valueOf = (text, values) => {
    if (values.includes(text)) return text;
    const alike = new Set(values.filter((one) => one.toLowerCase() === text.toLowerCase()));
    return alike.size === 1 ? [...alike][0] : null;
  };
  const wanted = valueOf(asked, parts.flat()) ? [asked] : splitParts(asked);
  let meant = wanted.some(Boolean) ? [...labels.keys()] : [];
  for (const [place, text] of wanted.entries()) {
    const some = wanted.length === every.length ? [place] : every;
    const value = valueOf(text, parts.flatMap((cells) => some.map((k) => cells[k])));
    const empty = (k) => some.length === 1 && parts.every((cells) => cells[k] === "");
    const places = some.filter((k) => empty(k) || parts.some((cells) => cells[k] === value));
    if (text) meant = meant.filter((at) => places.some((k) => ["", value].includes(parts[at][k])));
  }
  return meant;
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
  constructor({ parts, network, characters, starts, spaces, normalizer }) {
    Object.assign(this, { parts, network, starts, normalizer });
    this.characters = [null, ...characters]; // by id; the boundary is no character
    this.spaces = new Set(spaces);
    this.scorer = null; // knows the list's n-grams; null: nobody does
    this.filters = false; // whether new names have to reach a threshold, unless somebody asks for unfiltered ones
    this.mostPrefixes = Math.floor(MOST_KEPT_NUMBERS / (this.characters.length + network.numbers));
  }

  /**
   * The empty prefixes, of which a beginning has been read, as [{prefix, token, chance, label}]: one, whose label is
   * null, or one for each label. What was read before is kept, until it is too much.
   */
  get roots() {
    if (!this.keptRoots || this.isFull) {
      this.prefixes = 0; // that the network has read
      this.keptRoots = this.starts.map((start) => ({ ...start, prefix: new Prefix(this, start.token, null) }));
    }
    return this.keptRoots;
  }

  /** Whether so much was read that the next search begins with nothing. */
  get isFull() {
    return this.prefixes >= this.mostPrefixes;
  }

  /** The empty prefix; with labels, that of the first. */
  get start() {
    return this.roots[0].prefix;
  }

  /** Whether it can be said which names are new. */
  get knowsNames() {
    return this.parts.every(({ knownNames }) => knownNames !== null);
  }

  /** True: in no list that was read; false: in one; null: a model does not know its list's names. */
  isNew(normalized) {
    if (!this.knowsNames) return null;
    const digest = digestOf(normalized);
    return !this.parts.some(({ knownNames }) => knownNames.holds(digest));
  }

  /**
   * Whether the name begins as a listed company does, in the way that is its own; or, `whole`, is but a free word or
   * punctuation, or has a word twice in a row.
   */
  isClaimed(name, whole = false) {
    return this.parts.some((part) => {
      const { description, normalizer } = part;
      if (description.claimed === "") return false;
      part.claimed ??= new Claimed(description.claimed.split("\n"));
      const formsOf = (text) => normalizer.wordsOf(text).map((word) => normalizer.formOf(word));
      if (!whole) return part.claimed.has(formsOf(name));
      const all = formsOf(normalizer.withoutEndings(name));
      const own = all.length > 1 && all[0] === "the" ? all.slice(1) : all;
      if (own.length === 0 || own.some((form, k) => form === own[k - 1])) return true;
      return part.claimed.has(formsOf(name), own.length === 1);
    });
  }

  /** Whether a list could hold the name as it stands: not empty, and no space at either end (lists are trimmed). */
  wellFormed(name) {
    const characters = [...name];
    return characters.length > 0 && !this.spaces.has(characters[0]) && !this.spaces.has(characters.at(-1));
  }

  /** For each letter of a text the ids of the characters that are it, letter case aside, as [{letter, ids}]. */
  spellings(text) {
    // The model's table folds its own characters only; what somebody types may be others, as S where it knows s.
    const form = (letter) => this.normalizer.fold(letter.toLowerCase());
    this.forms ??= this.characters.map((character) => character && form(character));
    return [...text.normalize("NFC")].map((letter) => {
      const wanted = form(letter);
      return { letter, ids: [...this.forms.keys()].filter((id) => this.forms[id] === wanted) };
    });
  }

  /**
   * The ways in which names of a label (null: of any; a part: of those that have it) may begin with these letters, letter
   * case aside, as [{prefix, chance}] with chances in proportion. A name that is drawn on from one of them, taken by its
   * chance, has exactly the distribution of the names that begin so; nothing has to be drawn in vain. Empty: it lacks a
   * character, or no network knows all letters.
   */
  beginnings(letters, temperature, label = null) {
    const meant = label === null ? null : meantLabels(label, this.starts.map((start) => start.label));
    const roots = this.roots.filter(({ chance }, k) => meant?.includes(k) ?? chance > 0);
    if (letters === "") return roots.length === 1 ? [{ prefix: roots[0].prefix, chance: 1 }] : roots;
    const share = (root) => (roots.length === 1 ? 1 : root.chance);
    let ways = roots.map((root) => ({ prefix: root.prefix, score: Math.log(share(root)) }));
    const spellings = this.spellings(letters);
    const most = Math.min(MOST_WAYS, Math.ceil(MOST_READ / spellings.length)); // 64 of up to 79 letters
    for (const { ids } of spellings) {
      ways = ways.flatMap(({ prefix, score }) => {
        const chances = prefix.chances(temperature || 1); // at 0 all ways but one would be impossible, and that one too
        return ids.map((id) => ({ prefix, id, score: score + Math.log(chances[id]) }));
      });
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

/** Whether a model can tell which of its new names are good enough. */
const canFilter = ({ metadata }) => metadata.ngrams !== null && metadata.score_rules.length > 0;

const LONGEST_LIMIT = 1000; // characters that may be asked for

/** Characters of a model's shortest and longest names, unless others are asked for. */
function usualLengths({ metadata }, isFiltered) {
  const { shortest_name: shortest, longest_name: longest } = metadata;
  const lengths = isFiltered ? { shortest, longest } : { shortest: 1, longest: 2 * longest };
  return { ...lengths, longest: Math.min(lengths.longest, LONGEST_LIMIT) };
}

/** One network, and the list that it has read. */
class Model extends NameSource {
  /** `description`: one model of the page's data, see `PageDescription` in namegen/web/arithmetic.py. */
  constructor(description) {
    const { metadata } = description;
    const { labels } = metadata;
    const characters = [...metadata.vocabulary];
    const names = labels.reduce((sum, label) => sum + label.names, 0);
    // What a name may begin with: the boundary, or of each label an id of its own behind the characters'.
    const starts = labels.map((label, k) => ({
      token: characters.length + 1 + k,
      chance: label.names / names,
      label: label.name,
    }));
    super({
      parts: [],
      network: new Network(metadata.network, description),
      characters,
      starts: labels.length ? starts : [{ token: BOUNDARY, chance: 1, label: null }],
      spaces: description.spaces,
      normalizer: new Normalizer({ ...description, endings: metadata.endings }),
    });
    this.parts.push(this);
    Object.assign(this, { description, metadata, name: description.name, title: description.title });
    const { known_names: known } = metadata;
    this.knownNames = known === null ? null : undamaged("known names", () => new KnownNames(known));
    this.scorer = metadata.ngrams === null ? null : new Scorer(metadata, this.normalizer);
    this.filters = canFilter(description);
    this.shortestName = metadata.shortest_name;
    this.probed = this.givesItsProbe(metadata.probe);
  }

  /**
   * Whether this arithmetic gives what the engine gave that trained the network: the logits after a beginning, and after
   * eight fixed tokens behind it. The reference is core/evaluation/evaluator.py. null: nothing can be checked.
   */
  givesItsProbe(probe) {
    if (probe === null) return true;
    const both = new Float32Array(bytesOfText(probe));
    const [first, last] = [both.subarray(0, both.length / 2), both.subarray(both.length / 2)];
    let { state, logits } = this.network.step(this.starts[0].token, this.network.initialState());
    let difference = distance(logits, first);
    const characters = Math.max(first.length - 1, 1);
    for (let i = 1; i <= PROBE_TOKENS; i += 1) {
      ({ state, logits } = this.network.step((1 + ((7 * i) % characters)) % first.length, state));
    }
    difference = Math.max(difference, distance(logits, last));
    const largest = Math.max(1, ...both.map(Math.abs));
    return difference <= PROBE_TOLERANCE * largest; // false for NaN
  }
}

// ---- several models as one, a blend: namegen/core/models/mixture.py and `blend` of namegen/api/model.py ----

/**
 * p(next | prefix) = Σ w p(next | prefix): at every character the weighted mean of the networks' probabilities, over all
 * characters that any of them knows. A network gives a character that it does not know the probability 0, and after one
 * it is heard no more. Its logits are the logarithms of the mean.
 */
class MixedNetwork {
  /** `parts`: [{model, weight, start}], the last being the id that the model reads before a name. `characters`: all. */
  constructor(parts, characters) {
    this.parts = parts;
    this.size = characters.length + 1;
    // Of each part: the blend's id → its own id, −1 where it does not know the character.
    this.own = parts.map(({ model }) => {
      const ids = new Map(model.characters.map((character, id) => [character, id]));
      return [BOUNDARY, ...characters.map((character) => ids.get(character) ?? -1)];
    });
    this.widths = parts.flatMap(({ model }) => model.network.widths);
  }

  get numbers() {
    return this.parts.reduce((sum, { model }) => sum + model.network.numbers, 0);
  }

  hiddenStates(state) {
    return this.parts.flatMap(({ model }, k) => model.network.hiddenStates(state.inner[k]));
  }

  initialState() {
    return {
      begun: false,
      inner: this.parts.map(({ model }) => model.network.initialState()),
      able: this.parts.map(({ weight }) => weight > 0),
    };
  }

  step(token, { begun, inner, able }) {
    const state = { begun: true, inner: [...inner], able: [...able] };
    const chances = this.parts.map(({ model, start }, k) => {
      const read = begun ? this.own[k][token] : start;
      state.able[k] &&= read >= 0;
      if (!state.able[k]) return null;
      const after = model.network.step(read, inner[k]);
      state.inner[k] = after.state;
      return probabilities(after.logits, 1);
    });
    const heard = this.parts.reduce((sum, { weight }, k) => sum + (state.able[k] ? weight : 0), 0);
    const mean = new Float64Array(this.size);
    this.parts.forEach(({ weight }, k) => {
      if (!state.able[k]) return;
      const own = this.own[k];
      for (let id = 0; id < this.size; id++) if (own[id] >= 0) mean[id] += (weight / heard) * chances[k][own[id]];
    });
    if (heard === 0) mean[BOUNDARY] = 1; // a prefix that nobody knows has the probability 0 itself
    return { state, logits: mean.map(Math.log) };
  }
}

/** Models, each heard with a weight. */
class Blend extends NameSource {
  /**
   * `parts`: [{model, weight, label}], weights of at least 0 that sum to 1. A model of labelled names needs a label, as
   * its names begin behind one of them.
   */
  constructor(parts) {
    const models = parts.map(({ model }) => model);
    const characters = [...new Set(models.flatMap((model) => model.characters.slice(1)))];
    characters.sort((a, b) => a.codePointAt(0) - b.codePointAt(0)); // not by halves of characters
    const startOf = ({ model, label }) => model.starts.find((one) => one.label === label).token;
    const begun = parts.map((part) => ({ ...part, start: startOf(part) }));
    const table = (name) => Object.assign({}, ...models.map(({ description }) => description[name]));
    super({
      parts: models,
      network: new MixedNetwork(begun, characters),
      characters,
      starts: [{ token: BOUNDARY, chance: 1, label: null }],
      spaces: models.flatMap((model) => [...model.spaces]),
      normalizer: new Normalizer({ removal: table("removal"), folding: table("folding") }),
    });
  }
}
