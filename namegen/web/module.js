// What a program calls: the module's own part, which a page does without. Everything above it is the page's engine.

/**
 * What names are asked for; whatever is left out is as usual. Letter case does not count in the three texts.
 * @typedef {object} Options
 * @property {number} [n] how many, from 1 to 100,000; usually 20
 * @property {number} [seed] a whole number from 0 to 4294967295: with the same options it gives the same names,
 *   wherever it runs; usually one by chance
 * @property {boolean} [unfiltered] draw from the model's own distribution; by default, new names are returned only if
 *   their score is in the top 1%, and the best of the others if these are too few
 * @property {number} [temperature] 0 takes the likeliest letter each time, more is more daring; usually 1
 * @property {string} [startsWith] what each name begins with
 * @property {string} [contains] what each name has somewhere
 * @property {string} [endsWith] what each name ends with
 * @property {number} [minLength] letters of the shortest name, from 1 to 1,000; spaces count too; by default the model's
 *   `minLength`, and 1 for names of the list and unfiltered names
 * @property {number} [maxLength] letters of the longest name, from 1 to 1,000; by default the model's `maxLength`, twice as
 *   many for unfiltered names, and more if a text needs it
 * @property {string | null} [label] one of the model's labels, or a part of some, such as "Finnish"; usually any
 * @property {"original" | "title" | "upper" | "lower"} [letterCase] how the names are written; usually original, and of
 *   companies title
 * @property {boolean} [allowSeen] whether names of the list that the model has read may come too; usually not
 * @property {boolean} [allowProfanity] whether names may contain profanity; usually not
 */

/**
 * A name, its label (null where the model has none), and whether it is new: in no list that the model has read, letter
 * case, spaces and punctuation aside; null where the model does not know its list.
 * @typedef {{name: string, label: string | null, isNew: boolean | null}} Entry
 */

/**
 * What may come next, and how likely it is; the character "" is the end of the name.
 * @typedef {{character: string, probability: number}} Next
 */

const sources = new WeakMap(); // of each NameModel, what its names are drawn from

/** One model, or several as one. Made by `load` and `blend`. */
class NameModel {
  /** @param {object} about its properties @param {NameSource} source */
  constructor(about, source) {
    /** @type {string} what it is called in the file */
    this.name = about.name;
    /** @type {string} what to show to readers */
    this.title = about.title;
    /** @type {string} whom its list comes from, and under which licence; "" if that is unknown */
    this.credit = about.credit;
    /** @type {string} the text of that licence, which has to go wherever the model goes; "" if that is unknown */
    this.notice = about.notice;
    /** @type {readonly string[]} the labels of its names, such as their origins; of most models none */
    this.labels = Object.freeze(about.labels);
    /** @type {string} the characters that it knows */
    this.characters = source.characters.slice(1).join("");
    /** @type {boolean} whether it returns only new names with a good score; it can't if it's a blend */
    this.filters = source.filters;
    /** @type {number} letters of the shortest name by default */
    this.minLength = about.minLength;
    /** @type {number} letters of the longest name by default */
    this.maxLength = about.maxLength;
    /** @type {boolean} whether it can say which names are new */
    this.knowsNames = source.knowsNames;
    sources.set(this, source);
    Object.freeze(this);
  }

  /**
   * Invent names: distinct, and new unless `allowSeen` is given.
   * @param {Options} [options]
   * @returns {string[]} exactly n of them
   * @throws {Error} an option is wrong, or there are not so many; then its `names` holds those that were found
   */
  generate(options) {
    return this.entries(options).map(({ name }) => name);
  }

  /**
   * Invent names, each with what is known of it.
   * @param {Options} [options]
   * @returns {Entry[]} exactly n of them
   * @throws {Error} see `generate`
   */
  entries(options = {}) {
    const source = sources.get(this);
    const request = requestOf(options, this);
    const search = new Search(source, request);
    while (!search.done) search.tryOnce();
    const entry = ({ name, isNew, start }) => ({ name, label: source.starts[start].label, isNew });
    const found = search.found.map(entry);
    if (found.length === request.n) return found;
    const some = found.length ? `Only ${countOf(found.length, "name")} of ${thousands(request.n)}. ` : "";
    const error = new Error(some + whyFewer(search));
    throw Object.assign(error, { names: found.map(({ name }) => name) });
  }

  /**
   * Whether a name is in no list that the model has read, letter case, spaces and punctuation aside.
   * @param {string} name
   * @returns {boolean | null} null: it does not know its list
   */
  isNew(name) {
    const source = sources.get(this);
    return source.isNew(source.normalizer.normalize(inItsCharacters(textOf("the name", name), source)));
  }

  /**
   * What may come after these first letters, exactly as they are written, the likeliest first.
   * @param {string} [prefix]
   * @param {{label?: string | null, temperature?: number}} [options] of a model with labels, a label is needed
   * @returns {Next[]}
   */
  next(prefix = "", options = {}) {
    known(options, ["label", "temperature"], "{ temperature: 0.8 }");
    const source = sources.get(this);
    const label = wholeLabelOf(options.label ?? null, this);
    if (label === null && this.labels.length) {
      throw new Error(`what comes next depends on the label: give one, such as ${told(this.labels[0])}`);
    }
    let place = source.roots.find((root) => root.label === label).prefix;
    for (const character of textOf("the first letters", prefix).normalize("NFC")) {
      const id = source.characters.indexOf(character);
      if (id < 1) throw new Error(`no name of ${this.title} has the character ${told(character)}: give others`);
      place = place.then(id);
    }
    const temperature = temperatureOf(options.temperature === undefined ? 1 : options.temperature);
    const chances = Array.from(place.chances(temperature), (probability, id) => ({
      character: source.characters[id] ?? "",
      probability,
    }));
    return chances.sort((a, b) => b.probability - a.probability);
  }
}

/**
 * Make a model of the file that `namegen export-web --module` wrote beside this module.
 * @param {string | object} data the file's text, or what `JSON.parse` makes of it
 * @param {string} [name] which of its models; usually the first
 * @returns {NameModel}
 * @throws {Error} the data are none, or damaged; or there is no such model
 */
export function load(data, name) {
  const models = modelsOf(data);
  const description = name === undefined ? models[0] : models.find((one) => one?.name === name);
  if (description === undefined) {
    throw new Error(`the data have no model ${told(name)}: expected one of ${toldSome(models.map((one) => one?.name))}`);
  }
  let model;
  try {
    checkFields(description);
    checkNumbers(description);
    model = new Model(description);
    model.scorer?.check();
  } catch (error) {
    const where = error instanceof Damage ? ` (${error.message})` : ""; // the language's own words help nobody
    const which = typeof description?.name === "string" ? `the model ${told(description.name)}` : "the first model";
    throw new Error(`${which} is damaged${where}: export it again`);
  }
  if (!model.probed) throw new Error(wouldBeWrong("This module", model));
  const { shortest: minLength, longest: maxLength } = usualLengths(model, model.filters);
  const labels = model.metadata.labels.map((label) => label.name);
  return new NameModel({ ...description, minLength, maxLength, labels }, model);
}

/**
 * Several models as one: at each letter the weighted mean of their probabilities.
 * @param {NameModel[]} models two or more
 * @param {{weights?: number[], labels?: (string | null)[]}} [options] weights: how much each is heard, from 0 to 1, 1
 *   together; usually all alike. labels: the label of each; a model that has labels needs one
 * @returns {NameModel}
 * @throws {Error} an option is wrong
 */
export function blend(models, options = {}) {
  const parts = partsOf(models, options);
  const joined = (key, by) => [...new Set(models.map((model) => model[key]).filter(Boolean))].join(by);
  return new NameModel(
    {
      name: joined("name", "+"),
      title: joined("title", " and "),
      credit: joined("credit", "; "),
      notice: joined("notice", "\n\n"),
      minLength: 1,
      maxLength: Math.max(...models.map((model) => usualLengths(sources.get(model), false).longest)),
      labels: [],
    },
    new Blend(parts),
  );
}

// ---- what a program asks, checked: each mistake is an Error of one sentence ----

const LARGEST = { n: 100_000, seed: 2 ** 32 - 1, length: 1000 };
const MOST_TOLD = 12; // of the names and labels that a sentence lists

/** A value as a sentence shows it. */
function told(value) {
  if (typeof value === "string") return `“${[...value.slice(0, 200)].slice(0, 60).join("")}”`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return String(value);
}

/** Some names as a sentence lists them. */
function toldSome(names) {
  return names.slice(0, MOST_TOLD).map(told).join(", ") + (names.length > MOST_TOLD ? ", …" : "");
}

const SWITCHES = ["unfiltered", "allowSeen", "allowProfanity"];

/** The options as a search wants them. */
function requestOf(options, model) {
  const numbers = { n: 20, seed: newSeed(), temperature: 1, minLength: null, maxLength: null };
  const texts = { startsWith: "", contains: "", endsWith: "" };
  const switches = Object.fromEntries(SWITCHES.map((key) => [key, false]));
  const given = { ...numbers, ...texts, ...switches, label: null, letterCase: null };
  known(options, Object.keys(given), "{ n: 5 }");
  for (const key of Object.keys(given)) if (options[key] !== undefined) given[key] = options[key];
  for (const key of SWITCHES) {
    if (typeof given[key] !== "boolean") throw new Error(`${key} is ${told(given[key])}: expected true or false`);
  }
  if (![null, ...LETTER_CASES].includes(given.letterCase)) {
    throw new Error(`letterCase is ${told(given.letterCase)}: expected one of ${LETTER_CASES.join(", ")}`);
  }
  if (!given.allowSeen && !model.knowsNames) {
    throw new Error(
      `${model.title} does not know the names of its list, so it cannot tell which are new: give allowSeen: true`,
    );
  }
  const first = textOf("startsWith", given.startsWith);
  const contains = textOf("contains", given.contains);
  const ends = textOf("endsWith", given.endsWith);
  return {
    n: wholeOf("n", given.n, 1, LARGEST.n),
    seed: wholeOf("seed", given.seed, 0, LARGEST.seed),
    unfiltered: given.unfiltered,
    temperature: temperatureOf(given.temperature),
    first,
    contains,
    ends,
    shortest: lengthOf("minLength", given.minLength),
    longest: lengthOf("maxLength", given.maxLength) ?? usualLongest(model, given.unfiltered, [first, contains, ends]),
    label: labelOf(given.label, model),
    letterCase: given.letterCase,
    onlyNew: !given.allowSeen,
    allowProfanity: given.allowProfanity,
  };
}

/** Letters of the longest name by default: more if a text needs room. */
function usualLongest(model, unfiltered, texts) {
  const isFiltered = model.filters && !unfiltered;
  const usual = isFiltered || !model.filters ? model.maxLength : usualLengths(sources.get(model), false).longest;
  const longestText = Math.max(...texts.map((text) => [...text].length));
  return Math.max(usual, Math.min(2 * longestText, LARGEST.length));
}

function known(options, names, example) {
  if (!isPlain(options)) throw new Error(`the options are ${told(options)}: expected a plain object, such as ${example}`);
  const other = Reflect.ownKeys(options).find((name) => !names.includes(name));
  if (other !== undefined) throw new Error(`there is no option ${told(other)}: expected some of ${names.join(", ")}`);
}

function wholeOf(name, value, least, most) {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`${name} is ${told(value)}: expected a whole number from ${thousands(least)} to ${thousands(most)}`);
}

/** A length; null for the usual one. */
function lengthOf(name, value) {
  return value === null ? null : wholeOf(name, value, 1, LARGEST.length);
}

function temperatureOf(value) {
  if (typeof value === "number" && value >= 0 && value < Infinity) return value;
  throw new Error(`temperature is ${told(value)}: expected a number of at least 0, such as 0.8`);
}

function textOf(name, value) {
  if (typeof value === "string" && value.length <= LARGEST.length) return value;
  const what = typeof value === "string" ? `of ${thousands(value.length)} characters` : told(value);
  throw new Error(`${name} is ${what}: expected a text of up to ${thousands(LARGEST.length)} characters`);
}

/** What was asked for, where the model has labels that it means; null: any. */
function labelOf(label, { labels, title }) {
  if (label === null || (typeof label === "string" && meantLabels(label, labels).length)) return label;
  if (labels.length === 0) throw new Error(`label is ${told(label)}, and ${title} has no labels: leave it out`);
  throw new Error(`label is ${told(label)}: expected one of ${toldSome(labels)}`);
}

/** The one label that was asked for: as it stands, or the only one that is meant. */
function wholeLabelOf(label, model) {
  const asked = labelOf(label, model);
  if (asked === null || model.labels.includes(asked)) return asked;
  const meant = meantLabels(asked, model.labels).map((place) => model.labels[place]);
  if (meant.length === 1) return meant[0];
  throw new Error(`label is ${told(label)}, which means several: give one of ${toldSome(meant)}`);
}

/** What a blend is made of, as Blend wants it: [{model, label, weight}]. */
function partsOf(models, options) {
  known(options, ["weights", "labels"], "{ weights: [0.3, 0.7] }");
  // Array.from: a place that was left empty, as in [, 1], is one that has to be looked at.
  const list = (values, usable) => Array.isArray(values) && Array.from(values).every(usable);
  if (!list(models, (one) => sources.get(one) instanceof Model) || models.length < 2) {
    throw new Error("blend needs a list of two or more models, each as load gives it");
  }
  const { weights = models.map(() => 1 / models.length), labels = models.map(() => null) } = options;
  if (!list(labels, (one) => one === null || typeof one === "string") || labels.length !== models.length) {
    throw new Error("labels must be a list with a label, or null, for each model");
  }
  const usable = list(weights, (weight) => typeof weight === "number" && weight >= 0);
  const sum = usable && weights.length === models.length ? weights.reduce((a, b) => a + b) : NaN;
  if (!(Math.abs(sum - 1) < 1e-6)) {
    throw new Error("weights must be a list with a number from 0 to 1 for each model, 1 together");
  }
  return models.map((model, k) => {
    const label = wholeLabelOf(labels[k], model);
    if (label === null && model.labels.length) throw new Error(needsLabel(model));
    return { model: sources.get(model), label, weight: weights[k] / sum };
  });
}

// Beyond ASCII; the categories of core/data/normalization.py.
const REMOVED = /[\p{Pc}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}\p{Z}\p{Cc}\p{Cf}\p{Sk}\ufe00-\ufe0f]/u;

/** A name as a model can normalize it, which brings tables for its own characters alone; of others JavaScript's do. */
function inItsCharacters(name, source) {
  const own = new Set(source.characters);
  const removed = (one) => (one <= "\x7f" ? !/[a-z\d]/i.test(one) : REMOVED.test(one));
  const plain = (character) => {
    if (own.has(character)) return character;
    if (/\s/u.test(character)) return own.has(" ") ? " " : "";
    return removed(character) ? "" : character.toLowerCase();
  };
  return Array.from(name, plain).join("") || name;
}

// ---- the file that export-web writes beside the module; Python writes FORMAT and FORMAT_VERSION below ----

/** The descriptions of the models in a file, which nobody has looked into yet. */
function modelsOf(data) {
  let content = data;
  try {
    if (typeof data === "string") content = JSON.parse(data);
  } catch (error) {
    throw new Error(`the data are no JSON (${error.message}): give the file that export-web wrote beside the module`);
  }
  if (content?.format !== FORMAT || !Array.isArray(content.models) || content.models.length === 0) {
    throw new Error("the data are no models of namegen: give the text of the file that export-web wrote beside the module");
  }
  if (content.version !== FORMAT_VERSION) {
    throw new Error(
      `the data have the version ${told(content.version)}, this module reads ${FORMAT_VERSION}: export both together`,
    );
  }
  return content.models;
}
