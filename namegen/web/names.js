// A model: prefixes that its network has read, what names may begin with, and which names are new.

/**
 * The shapes of a name, as core/data/shapes.py has them. `kinds`: of each character, upper or lower case, digit, other
 * letter, or itself. `pairs`, `words`: whether pairs of characters, and words, are among them.
 */
function shapesOfName(name, kinds, pairs, words) {
  const kindsOf = (text) => Array.from(text, (character) => kinds.get(character)).join("");
  const upTo = (from, below) => Array.from({ length: Math.max(0, below - from) }, (_, k) => from + k);
  const coarse = (part) => {
    const all = kindsOf(part);
    if (kindsOf(name)[0] === "U" && /^l{1,4}$/.test(all)) return part;
    return all.replace(/([lad])\1+/g, "$1").replace(/UU+/g, "UU");
  };
  const shapes = upTo([...name].length + 1, 13).map((length) => `<${length}`);
  shapes.push(...(name.toLowerCase().match(/(.)\1\1/gu) ?? []).map((thrice) => `=${thrice}`));
  name.split(" ").forEach((word, place, { length, [place - 1]: before }) => {
    const parts = word.split("-").map(coarse).join("-");
    shapes.push(`#${place}`, (place ? "" : "^") + parts + (place === length - 1 ? "$" : ""));
    const small = place > 0 && place < length - 1 && kindsOf(word)[0] !== "U";
    const after = kindsOf(name)[0] === "U" ? `${place}${before} ` : place;
    if (words) shapes.push(`= ${place ? "" : "^"}${small ? after : ""}${word}${place === length - 1 ? "$" : ""}`);
    if (kindsOf(word)[0] === "a") shapes.push(`(${[...word][0]}`, `${[...word].at(-1)})`);
    for (const part of kindsOf(word).match(/[Ulda]+/g) ?? []) {
      shapes.push(...upTo(12, Math.min(part.length, 50)).map((size) => `>${size}`));
      shapes.push(part.replace(/(.)\1{3,}/g, "$1$1$1$1"));
    }
  });
  const plain = name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  for (const part of plain.match(/[\p{L}\p{Nl}\p{No}]+/gu) ?? []) {
    for (const { 0: run, index } of part.matchAll(/[b-df-hj-np-tv-xz]+/g)) {
      const ends = [index ? "" : "(", index + run.length === part.length ? ")" : ""];
      shapes.push(...upTo(1, Math.min(run.length, 8) + 1).map((count) => ends[0] + count + ends[1]));
    }
  }
  if (words && new Set(name.split(" ")).size < name.split(" ").length) shapes.push("= =");
  if (pairs) shapes.push(...[...name, "|"].map((character, k, all) => `+${all[k - 1] ?? "|"}${character}`));
  return shapes;
}

/** A text with each digit a zero. */
const digitsAlike = (text) => text.replace(/\p{Nd}/gu, "0");

const FIRST_LABEL = 0x110000; // its number among those of characters
const LACKING = 1; // four characters in a row that may be missing inside a name, if any may
const MANY = 3; // of them for each name of a list
const FIRST = 3; // ids of a name that count half in its merit: if they counted whole, the likeliest would begin alike

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

  /** What a bar is for: its log-probability given its beginning, at temperature 1, nats; the first count half. */
  get merit() {
    return this.before ? this.before.meritOf(this.token) + this.before.merit : 0;
  }

  /** What an id that comes next adds to it. */
  meritOf(id) {
    return Math.log(this.chances(1)[id]) / (this.depth < FIRST ? 2 : 1);
  }

  /** Whether a word has ended behind which no name is new, as a listed company begins so. */
  get isClaimed() {
    const ends = this.model.spaces.has(this.model.characters[this.token]);
    return (this.claimed ??= ends && this.model.isClaimed(this.text));
  }

  /** FourGrams.allows: given that all shorter prefixes are allowed, whether this one, or the `ended` name, is, too. */
  isAttested(ended = false) {
    const { fourGrams, labelled, characters, mayLack } = this.model;
    if (!fourGrams) return true;
    if (this.endsAsListed(ended) && (ended || this.depth < 4 || !labelled || characters[this.token] !== " ")) return true;
    return !ended && this.depth >= 4 && this.lacking <= (this.isOfSeveralWords ? 0 : mayLack);
  }

  /** Whether it has a space, which counts in a labelled list alone. */
  get isOfSeveralWords() {
    const { labelled, characters } = this.model;
    if (!labelled || !this.before) return false;
    return (this.several ??= characters[this.token] === " " || this.before.isOfSeveralWords);
  }

  /** Whether its label has all of its four characters in a row, as it has of its own names. */
  get isOfItsLabel() {
    return !this.model.fourGrams || (this.lacking === 0 && this.endsAsListed(true));
  }

  /** How many of its four characters in a row its label has not. */
  get lacking() {
    return (this.lacks ??= this.before ? this.before.lacking + (this.endsAsListed() ? 0 : 1) : 0);
  }

  /** Whether the list, or its label, has the four characters that it ends with, or, `ended`, three and the boundary. */
  endsAsListed(ended = false) {
    const { fourGrams, characters } = this.model;
    const last = ended ? [0] : [];
    for (let prefix = this; last.length < 4; prefix = prefix.before ?? prefix) {
      last.unshift(digitsAlike(characters[prefix.token] ?? "\0").codePointAt(0));
    }
    if (this.model.labelled) last.unshift(FIRST_LABEL + this.root.token - characters.length);
    return fourGrams.has(last);
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
  constructor({ parts, network, characters, starts, spaces, normaliser }) {
    Object.assign(this, { parts, network, starts, normaliser });
    this.characters = [null, ...characters]; // by id; the boundary is no character
    this.spaces = new Set(spaces);
    this.mostPrefixes = Math.floor(MOST_KEPT_NUMBERS / (this.characters.length * 2 + network.numbers));
  }

  /**
   * The empty prefixes, of which a beginning has been read, as [{prefix, token, chance, label}]: one, whose label is
   * null, or one for each label. A prefix is read when it is first asked for, as there may be thousands of labels; what was
   * read before is kept, until it is too much.
   */
  get roots() {
    if (!this.keptRoots || this.prefixes >= this.mostPrefixes) {
      this.prefixes = 0;
      const model = this;
      this.keptRoots = this.starts.map((start) => ({
        ...start,
        get prefix() {
          model.prefixes += this.read ? 0 : 1;
          return (this.read ??= new Prefix(model, start.token, null));
        },
      }));
    }
    return this.keptRoots;
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
  isNew(normalised) {
    return this.knowsNames ? !this.parts.some(({ knownNames }) => knownNames.has(normalised)) : null;
  }

  /**
   * Whether the name begins as a listed company does, in the way that is its own; or, `whole`, is but a free word or
   * punctuation, or has a word twice in a row.
   */
  isClaimed(name, whole = false) {
    return this.parts.some((part) => {
      const { description, normaliser } = part;
      if (description.claimed === "") return false;
      part.claimed ??= new Claimed(description.claimed.split("\n"));
      const formsOf = (text) => normaliser.wordsOf(text).map((word) => normaliser.formOf(word));
      if (!whole) return part.claimed.has(formsOf(name));
      const all = formsOf(normaliser.withoutEndings(name));
      const own = all.length > 1 && all[0] === "the" ? all.slice(1) : all;
      if (own.length === 0 || own.some((form, k) => form === own[k - 1])) return true;
      return part.claimed.has(formsOf(name), own.length === 1);
    });
  }

  /**
   * Whether a list could hold the name as it stands: not empty, and no space at either end (lists are trimmed); and
   * whether it is shaped like those of a short list.
   */
  wellFormed(name) {
    const characters = [...name];
    const fits = (shape) => this.shapes.has(shape);
    const shapes = () => shapesOfName(digitsAlike(name), this.kinds, this.pairs, this.words);
    if (this.shapes.size && !shapes().every(fits)) return false;
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

/** The share of its new names that a model offers, unless another is asked for. */
const usualShare = ({ record }) => (record.bars === null ? EVERY_NAME : record.choose);

/** Characters of the longest name of a model, unless another limit is asked for: default_max_length of Python. */
const usualLongest = ({ record }) => Math.min(2 * record.longest_name, 1000);

/** One network, and the list that it has read. */
class Model extends NameSource {
  /** `description`: one model of the page's data, see `PageDescription` in namegen/web/arithmetic.py. */
  constructor(description) {
    const { record } = description;
    const { labels } = record;
    const characters = [...record.vocabulary];
    const names = labels.reduce((sum, label) => sum + label.names, 0);
    // What a name may begin with: the boundary, or of each label an id of its own behind the characters'.
    const starts = labels.map((label, k) => ({
      token: characters.length + 1 + k,
      chance: label.names / names,
      label: label.name,
    }));
    super({
      parts: [],
      network: new Network(record.network, description.formula, description.tensors),
      characters,
      starts: labels.length ? starts : [{ token: BOUNDARY, chance: 1, label: null }],
      spaces: description.spaces,
      normaliser: new Normaliser({ ...description, endings: record.endings }),
    });
    this.parts.push(this);
    Object.assign(this, { description, record, name: description.name, title: description.title });
    this.knownNames = record.known_names === null ? null : new KnownNames(record.known_names);
    this.labelled = labels.length > 0;
    this.fourGrams = record.fourgrams === null ? null : new FourGrams(record.fourgrams);
    this.mayLack = this.labelled || this.fourGrams?.count > MANY * this.knownNames?.count ? LACKING : 0;
    this.bars = record.bars === null ? null : new Bars(record.bars);
    this.probed = this.givesItsProbe(record.probe);
    this.shapes = new Set(record.shapes);
    this.pairs = record.shapes.some((shape) => /^\+\|.$/su.test(shape));
    this.words = record.shapes.some((shape) => shape.startsWith("= ^"));
    this.kinds = new Map([...description.kinds].map((kind, k) => [characters[k], kind])).set("0", "d");
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
      normaliser: new Normaliser({ removal: table("removal"), folding: table("folding") }),
    });
    const joined = (key) => models.flatMap((model) => [...model[key]]);
    this.shapes = new Set(models.every(({ shapes }) => shapes.size) ? joined("shapes") : []);
    this.pairs = models.every(({ pairs }) => pairs);
    this.words = models.every(({ words }) => words);
    this.kinds = new Map(joined("kinds"));
  }
}
