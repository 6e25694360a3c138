// The functions that programs call. Python adds the constants FORMAT and FORMAT_VERSION.

/**
 * Options of `generate` and `entries`. Letter case doesn't matter in `startsWith`, `contains` and `endsWith`.
 * @typedef {{[Name in OptionName]?: NameRequest[Name] | undefined}} Options
 */

/**
 * Options of `blend`.
 * @typedef {object} BlendOptions
 * @property {number[]} [weights] The weight of each model; they sum to 1. Default: all the same.
 * @property {(string | null)[]} [labels] The label of each model. A model that has labels needs one.
 */

/**
 * A name. `label` is null if the model has no labels. `isNew` is whether the name isn't in the list that the model was
 * trained on, ignoring letter case, spaces and punctuation; null if the model doesn't know its list. `isGood` is
 * whether the score of a new name reaches the model's threshold; null for other names, and for unfiltered names.
 * @typedef {{name: string, label: string | null, isNew: boolean | null, isGood: boolean | null}} Entry
 */

/**
 * A character that may come next, and its probability. The character "" is the end of the name.
 * @typedef {{character: string, probability: number}} Next
 */

/**
 * A model, or a blend of several.
 * @typedef {LoadedModel} NameModel
 */

/** What the names of each model are drawn from. @type {WeakMap<LoadedModel, NameSource>} */
const sources = new WeakMap();
/** What `goodNames` has found. @type {WeakMap<NameSource, readonly string[]>} */
const goodNames = new WeakMap();

/** A model that `load` or `blend` returned. */
class LoadedModel {
  /** The name of the model in its file. @readonly @type {string} */
  name = "";
  /** The title for readers. @readonly @type {string} */
  title = "";
  /** The source and license of the list; "" if unknown. @readonly @type {string} */
  credit = "";
  /** The text of that license, which must accompany the model; "" if unknown. @readonly @type {string} */
  notice = "";
  /** The labels of the names, such as their origins. Most models have none. @readonly @type {readonly string[]} */
  labels = [];
  /** All characters that names consist of. @readonly @type {string} */
  characters = "";
  /** Whether it returns only new names with a good score. Blends don't. @readonly @type {boolean} */
  filters = false;
  /** The default length of the shortest name in characters. @readonly @type {number} */
  minLength = 1;
  /** The default length of the longest name in characters. @readonly @type {number} */
  maxLength = 1;
  /** Whether it can tell which names are new. @readonly @type {boolean} */
  knowsNames = false;

  /**
   * Generate names. They are distinct, and new unless `allowSeen` is set. If too few names reach the threshold of their
   * score, the best of the others fill up the list; `entries` says which.
   * @param {Options} [options]
   * @returns {string[]} exactly n names
   * @throws {Error} if an option is wrong, or if there are too few names; then its property `names` has those found
   */
  generate(options) {
    return this.entries(options).map(({ name }) => name);
  }

  /**
   * Generate names, each with its label, and whether it is new and good.
   * @param {Options} [options]
   * @returns {Entry[]} exactly n names
   * @throws {Error} as `generate` does
   */
  entries(options = {}) {
    const source = sourceOf(this);
    const request = checkOptions(options, OPTION_NAMES, "{ n: 5 }", this);
    if (!request.allowSeen && !this.knowsNames) {
      const reason = "can’t tell which names are new, because it doesn’t know its list";
      throw new Error(`“${this.title}” ${reason}. Pass allowSeen: true.`);
    }
    const search = new Search(source, { ...request, seed: request.seed ?? newSeed() });
    search.run();
    if (search.names.length < request.n) {
      const names = search.names.map(({ name }) => name);
      const count = `Found only ${withCommas(names.length)} of ${withCommas(request.n)} names. `;
      const message = (names.length > 0 ? count : "") + explainTooFewNames(search);
      throw Object.assign(new Error(message), { names });
    }
    return search.names.map(({ name, labelName, isNew, isGood }) => ({ name, label: labelName, isNew, isGood }));
  }

  /**
   * All new names that reach the threshold of their score, the likeliest first. Models for games and stories have about
   * 60 to 350 of them, which the first use finds in less than a second. Blends, large models and models with labels
   * have none.
   * @returns {readonly string[]}
   */
  get goodNames() {
    const source = sourceOf(this);
    const names = goodNames.get(source) ?? Object.freeze(findGoodNames(source));
    goodNames.set(source, names);
    return names;
  }

  /**
   * Return a good name by its index in a random order that depends on the seed. Different indexes give different names.
   * Python's `name_at` returns the same names.
   * @param {number} seed a whole number, such as the number of a game's world
   * @param {number} index a whole number below `goodNames.length`, such as the number of a character
   * @returns {string}
   * @throws {Error} if there are fewer good names
   */
  nameAt(seed, index) {
    for (const [name, number] of Object.entries({ seed, index })) {
      const isCount = Number.isSafeInteger(number) && number >= 0;
      if (!isCount) throw new Error(`${name} must be a whole number of at least 0, not ${describeValue(number)}.`);
    }
    const names = inSeededOrder(this.goodNames, seed);
    const source = sourceOf(this);
    if (index < names.length) return writeInCase(names[index], defaultLetterCase(source.parts), source.normalizer);
    if (names.length > 0) {
      const count = countOf(names.length, "good name");
      throw new Error(`“${this.title}” has only ${count}. Use an index below that.`);
    }
    throw new Error(`The names of “${this.title}” can’t be listed in advance. Use generate instead.`);
  }

  /**
   * Return whether a name isn't in the list that the model was trained on. Letter case, spaces and punctuation don't
   * matter.
   * @param {string} name
   * @returns {boolean | null} null if the model doesn't know its list
   */
  isNew(name) {
    const source = sourceOf(this);
    const text = source.toKnownCharacters(checkText("The name", name));
    return source.isNew(source.normalizer.normalize(text));
  }

  /**
   * Return the characters that may come after a prefix, the most likely first. Letter case matters in the prefix.
   * @param {string} [prefix]
   * @param {{label?: string | null, temperature?: number}} [options] a model with labels needs a label
   * @returns {Next[]}
   */
  next(prefix = "", options = {}) {
    const sampling = checkOptions(options, ["label", "temperature"], "{ temperature: 0.8 }", this);
    const label = checkSingleLabel(sampling.label, this);
    if (label === null && this.labels.length > 0) {
      throw new Error(`What comes next depends on the label. Pass a label, such as ${describeValue(this.labels[0])}.`);
    }
    const source = sourceOf(this);
    let position = (source.roots.find((start) => start.label === label) ?? source.roots[0]).prefix;
    for (const character of checkText("The prefix", prefix).normalize("NFC")) {
      const id = source.characters.indexOf(character);
      if (id < 0) throw new Error(`No name of this model contains the character “${character}”. Use other letters.`);
      position = position.extend(id);
    }
    const probabilities = position.probabilities(sampling);
    return source.characters
      .map((character, id) => ({ character, probability: probabilities[id] }))
      .sort((a, b) => b.probability - a.probability);
  }
}

/**
 * Create the object that programs use.
 * @param {NameSource} source
 * @param {{name: string, title: string, credit: string, notice: string}} texts
 * @param {string[]} labels
 */
function createLoadedModel(source, { name, title, credit, notice }, labels) {
  const model = Object.assign(new LoadedModel(), {
    name,
    title,
    credit,
    notice,
    labels: Object.freeze(labels),
    characters: source.characters.join(""),
    filters: source.canFilter,
    ...defaultLengths(source.parts, source.canFilter),
    knowsNames: source.knowsNames,
  });
  sources.set(model, source);
  return Object.freeze(model);
}

/**
 * @param {LoadedModel} model
 * @returns {NameSource}
 */
function sourceOf(model) {
  return /** @type {NameSource} */ (sources.get(model));
}

/**
 * Load a model from the file that `namegen export-web --module` wrote next to this module.
 * @param {string | object} data the text of the file, or the result of `JSON.parse`
 * @param {string} [name] the name of the model; by default, the first model of the file
 * @returns {NameModel}
 * @throws {Error} if the data are damaged or of another version, or if they don't contain the model
 */
export function load(data, name) {
  const file = "Pass the text of the JSON file that export-web wrote next to this module.";
  /** @type {any} */
  let content = data;
  if (typeof data === "string") {
    try {
      content = JSON.parse(data);
    } catch {
      throw new Error(`The data aren’t valid JSON. ${file}`);
    }
  }
  const hasModels = content?.format === FORMAT && Array.isArray(content.models);
  if (!hasModels) throw new Error(`The data don’t contain models of namegen. ${file}`);
  if (content.version !== FORMAT_VERSION) {
    const version = describeValue(content.version);
    const problem = `The data have version ${version}, but this module reads version ${FORMAT_VERSION}.`;
    throw new Error(`${problem} Export both again.`);
  }
  /** @type {ModelDescription[]} */
  const descriptions = content.models;
  const description = name === undefined ? descriptions[0] : descriptions.find((model) => model.name === name);
  if (description === undefined) {
    const names = descriptions.map((model) => model.name);
    throw new Error(`The data contain no model ${describeValue(name)}, only ${listValues(names)}.`);
  }
  const model = openModel(description);
  const labels = model.metadata.labels.map((label) => label.name);
  return createLoadedModel(model, description, labels);
}

/**
 * Combine several models. At each letter, their probabilities are averaged.
 * @param {NameModel[]} models two or more
 * @param {BlendOptions} [options]
 * @returns {NameModel} its names aren't filtered
 * @throws {Error} if an option is wrong
 */
export function blend(models, options = {}) {
  const singleModels = Array.isArray(models) ? models.map((model) => sources.get(model)) : [];
  if (singleModels.length < 2 || !singleModels.every((source) => source instanceof Model)) {
    throw new Error("blend needs a list of two or more models from load.");
  }
  checkOptionNames(options, ["weights", "labels"], "{ weights: [0.3, 0.7] }");
  const count = models.length;
  const { weights = Array(count).fill(1 / count), labels = Array(count).fill(null) } = options;
  if (!Array.isArray(labels) || labels.length !== count) {
    throw new Error("labels must be a list with a label, or null, for each model.");
  }
  const areWeights = Array.isArray(weights) && weights.length === count && weights.every((weight) => weight >= 0);
  const sum = areWeights ? weights.reduce((total, weight) => total + weight, 0) : NaN;
  const sumsTo1 = Math.abs(sum - 1) < 1e-6;
  if (!sumsTo1) throw new Error("weights must be a list with a number for each model, which sum to 1.");
  const parts = singleModels.map((model, k) => {
    const label = checkSingleLabel(labels[k], models[k]);
    return { model, label, weight: weights[k] / sum };
  });
  const join = (/** @type {"name" | "title" | "credit" | "notice"} */ key, /** @type {string} */ separator) =>
    [...new Set(models.map((model) => model[key]).filter(Boolean))].join(separator);
  const texts = {
    name: join("name", "+"),
    title: join("title", " and "),
    credit: join("credit", "; "),
    notice: join("notice", "\n\n"),
  };
  return createLoadedModel(new Blend(parts), texts, []);
}
