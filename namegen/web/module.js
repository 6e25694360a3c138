// The functions that programs call. Python adds the constants FORMAT and FORMAT_VERSION.

/**
 * Options of `generate` and `entries`. Letter case doesn't matter in `startsWith`, `contains` and `endsWith`.
 * @typedef {object} Options
 * @property {number} [n] How many names, from 1 to 100,000. Default: 20.
 * @property {number} [seed] A whole number from 0 to 4294967295. The same seed and options give the same names
 *   everywhere. Default: a random seed.
 * @property {boolean} [unfiltered] Draw from the model's own distribution. By default, new names are returned only if
 *   their score is in the top 1%, or if they are the best of the others and such names are missing.
 * @property {number} [temperature] 0 always takes the most likely letter; higher values give more unusual names.
 *   Default: 1.
 * @property {string} [startsWith] Only return names that start with this text.
 * @property {string} [contains] Only return names that contain this text.
 * @property {string} [endsWith] Only return names that end with this text.
 * @property {number} [minLength] The length of the shortest name in characters, from 1 to 1,000. Default: the model's
 *   `minLength`; 1 for names of the list and unfiltered names.
 * @property {number} [maxLength] The length of the longest name in characters, from 1 to 1,000. Default: the model's
 *   `maxLength`; twice as many for unfiltered names, and more if a required text needs them.
 * @property {string | null} [label] One of the model's labels, or a part of some labels, such as "Finnish". Default:
 *   all labels.
 * @property {"original" | "title" | "upper" | "lower" | null} [letterCase] How names are written. Default: "title" for
 *   companies, "original" for other names.
 * @property {readonly string[]} [excludeWords] Skip names that contain one of these words, ignoring letter case,
 *   spaces and punctuation. A word that starts with = is excluded only as a whole word.
 * @property {boolean} [allowSeen] Also return names of the list that the model was trained on. Default: false.
 * @property {boolean} [allowProfanity] Also return names that contain profanity. Default: false.
 */

/**
 * Options of `blend`.
 * @typedef {object} BlendOptions
 * @property {number[]} [weights] The weight of each model; they sum to 1. Default: all the same.
 * @property {(string | null)[]} [labels] The label of each model. A model that has labels needs one.
 */

/**
 * A name. `label` is null if the model has no labels. `isNew` is whether the name isn't in the list that the model was
 * trained on, ignoring letter case, spaces and punctuation; null if the model doesn't know its list.
 * @typedef {{name: string, label: string | null, isNew: boolean | null}} Entry
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
   * Generate names. They are distinct, and new unless `allowSeen` is set.
   * @param {Options} [options]
   * @returns {string[]} exactly n names
   * @throws {Error} if an option is wrong, or if there are too few names; then its property `names` has those found
   */
  generate(options) {
    return this.entries(options).map(({ name }) => name);
  }

  /**
   * Generate names, each with its label and whether it is new.
   * @param {Options} [options]
   * @returns {Entry[]} exactly n names
   * @throws {Error} as `generate` does
   */
  entries(options = {}) {
    const source = sourceOf(this);
    const search = new Search(source, requestFrom(options, this, source));
    search.runToEnd();
    if (search.names.length < search.request.n) throw errorOfTooFewNames(search);
    return search.names.map(({ name, isNew, start }) => ({ name, label: source.startTokens[start].label, isNew }));
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
    checkOptionNames(options, ["label", "temperature"], "{ temperature: 0.8 }");
    const { label: requestedLabel = null, temperature: requestedTemperature = 1 } = options;
    const label = checkSingleLabel(requestedLabel, this);
    if (label === null && this.labels.length > 0) {
      throw new Error(`What comes next depends on the label. Pass a label, such as ${describeValue(this.labels[0])}.`);
    }
    const temperature = checkTemperature(requestedTemperature);
    const source = sourceOf(this);
    const probabilities = findPrefix(source, checkText("The prefix", prefix), label).probabilities(temperature);
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
 * @param {{shortest: number, longest: number}} lengths
 */
function createLoadedModel(source, { name, title, credit, notice }, labels, lengths) {
  const model = Object.assign(new LoadedModel(), {
    name,
    title,
    credit,
    notice,
    labels: Object.freeze(labels),
    characters: source.characters.join(""),
    filters: source.canFilter,
    minLength: lengths.shortest,
    maxLength: lengths.longest,
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

/** @param {Search} search */
function errorOfTooFewNames(search) {
  const names = search.names.map(({ name }) => name);
  const requested = withCommas(search.request.n);
  const start = names.length > 0 ? `Found only ${withCommas(names.length)} of ${requested} names. ` : "";
  return Object.assign(new Error(start + explainTooFewNames(search)), { names });
}

/**
 * @param {NameSource} source
 * @param {string} text
 * @param {string | null} label
 */
function findPrefix(source, text, label) {
  const { prefix: root } = source.roots.find((start) => start.label === label) ?? source.roots[0];
  return [...text.normalize("NFC")].reduce((prefix, character) => {
    const id = source.characters.indexOf(character);
    if (id < 0) throw new Error(`No name of this model contains the character “${character}”. Use other letters.`);
    return prefix.extend(id);
  }, root);
}

/**
 * Load a model from the file that `namegen export-web --module` wrote next to this module.
 * @param {string | object} data the text of the file, or the result of `JSON.parse`
 * @param {string} [name] the name of the model; by default, the first model of the file
 * @returns {NameModel}
 * @throws {Error} if the data are damaged or of another version, or if they don't contain the model
 */
export function load(data, name) {
  const description = findDescription(parseModels(data), name);
  const model = openModel(description);
  if (!model.passesSelfTest) throw new Error(explainFailedSelfTest("This module", model));
  const labels = model.metadata.labels.map((label) => label.name);
  return createLoadedModel(model, description, labels, defaultLengths(model, model.canFilter));
}

/**
 * Combine several models. At each letter, their probabilities are averaged.
 * @param {NameModel[]} models two or more
 * @param {BlendOptions} [options]
 * @returns {NameModel} its names aren't filtered
 * @throws {Error} if an option is wrong
 */
export function blend(models, options = {}) {
  const singleModels = checkModels(models);
  const { weights, labels } = checkBlendOptions(options, models.length);
  const parts = singleModels.map((model, k) => ({
    model,
    label: checkBlendLabel(labels[k], models[k]),
    weight: weights[k],
  }));
  const texts = {
    name: joinDistinct(models.map((model) => model.name), "+"),
    title: joinDistinct(models.map((model) => model.title), " and "),
    credit: joinDistinct(models.map((model) => model.credit), "; "),
    notice: joinDistinct(models.map((model) => model.notice), "\n\n"),
  };
  const maxLengths = singleModels.map((model) => defaultLengths(model, false).longest);
  const lengths = { shortest: 1, longest: Math.max(...maxLengths) };
  return createLoadedModel(new Blend(parts), texts, [], lengths);
}

/**
 * @param {LoadedModel[]} models
 * @returns {Model[]}
 */
function checkModels(models) {
  const singleModels = Array.isArray(models) ? Array.from(models, (model) => sources.get(model)) : [];
  const areModels = singleModels.every((source) => source instanceof Model);
  if (singleModels.length < 2 || !areModels) throw new Error("blend needs a list of two or more models from load.");
  return /** @type {Model[]} */ (singleModels);
}

/**
 * @param {string | null} request
 * @param {LoadedModel} model
 */
function checkBlendLabel(request, model) {
  const label = checkSingleLabel(request, model);
  if (label === null && model.labels.length > 0) throw new Error(needsLabel(model));
  return label;
}

/**
 * @param {string[]} texts
 * @param {string} separator
 */
function joinDistinct(texts, separator) {
  return [...new Set(texts.filter(Boolean))].join(separator);
}

// ---- the file of the models ----

/**
 * Return the descriptions of the models in a file, which aren't checked yet.
 * @param {string | object} data
 * @returns {any[]}
 */
function parseModels(data) {
  const file = "Pass the text of the JSON file that export-web wrote next to this module.";
  const content = parseJson(data, file);
  const hasModels = content?.format === FORMAT && Array.isArray(content.models) && content.models.length > 0;
  if (!hasModels) throw new Error(`The data don’t contain models of namegen. ${file}`);
  if (content.version !== FORMAT_VERSION) {
    const version = describeValue(content.version);
    const problem = `The data have version ${version}, but this module reads version ${FORMAT_VERSION}.`;
    throw new Error(`${problem} Export both again.`);
  }
  return content.models;
}

/**
 * @param {string | object} data
 * @param {string} advice
 * @returns {any}
 */
function parseJson(data, advice) {
  if (typeof data !== "string") return data;
  try {
    return JSON.parse(data);
  } catch {
    throw new Error(`The data aren’t valid JSON. ${advice}`);
  }
}

/**
 * @param {any[]} descriptions
 * @param {string | undefined} name undefined for the first one
 */
function findDescription(descriptions, name) {
  if (name === undefined) return descriptions[0];
  const description = descriptions.find((candidate) => candidate?.name === name);
  if (description !== undefined) return description;
  const names = descriptions.map((candidate) => candidate?.name);
  throw new Error(`The data contain no model ${describeValue(name)}, only ${listValues(names)}.`);
}

/**
 * Check the data of a model, and open it.
 * @param {any} description
 */
function openModel(description) {
  try {
    checkFields(description);
    checkNumbers(description);
    const model = new Model(description);
    model.scorer?.check();
    return model;
  } catch (error) {
    const damage = error instanceof Damage ? ` (${error.message})` : "";
    const hasName = typeof description?.name === "string";
    const subject = hasName ? `The model ${describeValue(description.name)}` : "The first model";
    throw new Error(`${subject} is damaged${damage}. Export it again.`, { cause: error });
  }
}
