// The reader's settings, their defaults, and the models that they choose.

const MOST_OPEN_BLENDS = 4; // each of them keeps the prefixes that it has read

/**
 * What the reader has set.
 * @typedef {object} PageSettings
 * @property {string} model its name
 * @property {string | null} label null for all labels
 * @property {string | null} other the name of the second model of a blend
 * @property {string | null} otherLabel
 * @property {number} share the weight of the second model, from 0 to 100
 * @property {number} n how many names
 * @property {number} seed
 * @property {boolean} unfiltered
 * @property {number} temperature
 * @property {string} first the first letters
 * @property {string} contains
 * @property {string} ends the last letters
 * @property {number} shortest
 * @property {number} longest
 * @property {boolean} onlyNew
 * @property {LetterCase} letterCase
 */

/**
 * A model of the page. People consist of two models, and have labels of their own.
 * @typedef {ModelDescription & {parts?: PageDescription[], labels?: {name: string, names: number}[]}} PageDescription
 */

/** @typedef {{name: string, names: number}} LabelChoice */

/** The settings with texts. @type {("first" | "contains" | "ends")[]} */
const TEXT_SETTINGS = ["first", "contains", "ends"];

/** @type {PageDescription[]} */
const descriptions = JSON.parse(byId("models-data").textContent ?? "");
/** By name. @type {Map<string, Model>} */
const openModels = new Map();
/** By their settings; the oldest first. @type {Map<string, Blend>} */
const openBlends = new Map();
/** By the name of the model. @type {Map<string, LabelChoice[]>} */
const labelChoices = new Map();

const settings = /** @type {PageSettings} */ ({});

/**
 * @param {string} name of a model
 * @returns {PageDescription}
 */
function descriptionOf(name) {
  return /** @type {PageDescription} */ (findDescription(name));
}

/** @param {string | null} name */
function findDescription(name) {
  return descriptions.find((description) => description.name === name);
}

/**
 * Return the labels of a model. Without a model there are none.
 * @param {string | null} model
 */
function wholeLabelsOf(model) {
  if (model === null) return [];
  const { labels, metadata } = descriptionOf(model);
  return labels ?? metadata.labels;
}

/**
 * Return the labels that can be chosen: the values of each part, if labels have several parts, then whole labels.
 * @param {string | null} model
 * @returns {LabelChoice[]}
 */
function labelChoicesOf(model) {
  const key = model ?? "";
  let choices = labelChoices.get(key);
  if (choices === undefined) {
    const labels = wholeLabelsOf(model);
    choices = [...countPartValues(labels), ...labels];
    labelChoices.set(key, choices);
  }
  return choices;
}

/**
 * Count the names of each value of a part. Labels of one part have no such values.
 * @param {LabelChoice[]} labels
 * @returns {LabelChoice[]}
 */
function countPartValues(labels) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  splitLabels(labels.map(({ name }) => name)).forEach((parts, k) => {
    const values = parts.length > 1 ? new Set(parts.filter(Boolean)) : [];
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + labels[k].names);
  });
  return [...counts].map(([name, names]) => ({ name, names }));
}

/**
 * Open a model.
 * @param {string} name
 * @throws {Damage} if its data are damaged
 */
function modelOf(name) {
  let model = openModels.get(name);
  if (model === undefined) {
    model = new Model(descriptionOf(name));
    model.scorer?.check();
    openModels.set(name, model);
  }
  return model;
}

/**
 * Blend two models. A model that has labels needs one.
 * @param {string} name
 * @param {string | null} label
 * @param {string} other the name of the second model
 * @param {string | null} otherLabel
 * @param {number} share the weight of the second model, from 0 to 100
 */
function blendOf(name, label, other, otherLabel, share) {
  const key = JSON.stringify([name, label, other, otherLabel, share]);
  let blend = openBlends.get(key);
  if (blend === undefined) {
    removeOldestBlend();
    blend = new Blend([
      { model: modelOf(name), label, weight: 1 - share / 100 },
      { model: modelOf(other), label: otherLabel, weight: share / 100 },
    ]);
    openBlends.set(key, blend);
  }
  return blend;
}

function removeOldestBlend() {
  if (openBlends.size < MOST_OPEN_BLENDS) return;
  const [oldest] = openBlends.keys();
  openBlends.delete(oldest);
}

/**
 * Return the description of the chosen model, or of both models of a blend.
 * @param {{model: string, other: string | null}} choice
 */
function chosenDescriptions({ model, other }) {
  const names = other === null ? [model] : [model, other];
  return names.map(descriptionOf);
}

/**
 * Return the descriptions of the chosen models. People have two.
 * @param {{model: string, other: string | null}} choice
 */
function chosenModels(choice) {
  return chosenDescriptions(choice).flatMap((description) => description.parts ?? [description]);
}

/**
 * Find the model of a blend that needs a label.
 * @param {PageSettings} choice
 * @returns {PageDescription | null}
 */
function findModelWithoutLabel({ model, label, other, otherLabel }) {
  if (other === null) return null;
  if (lacksLabel(model, label)) return descriptionOf(model);
  return lacksLabel(other, otherLabel) ? descriptionOf(other) : null;
}

/**
 * Return whether a model has labels, and none of them is chosen.
 * @param {string} model
 * @param {string | null} label
 */
function lacksLabel(model, label) {
  const labels = wholeLabelsOf(model);
  return labels.length > 0 && !labels.some(({ name }) => name === label);
}

/** Start a search with the current settings. */
function createSearch() {
  const { model, label, other, otherLabel, share } = settings;
  const { parts } = descriptionOf(model);
  if (parts !== undefined) return new PeopleSearch(modelOf(parts[0].name), modelOf(parts[1].name), settings);
  if (other === null) return new Search(modelOf(model), settings);
  const blend = blendOf(model, label, other, otherLabel, share);
  return new Search(blend, { ...settings, label: null });
}

/**
 * Return whether new names can be filtered. A blend has no rules to score its names.
 * @param {{model: string, other: string | null}} choice
 */
function canFilterChoice({ model, other }) {
  return other === null && canFilterNames(descriptionOf(model));
}

/**
 * Return the default settings of a model or a blend.
 * @param {string} model
 * @param {string | null} [other]
 * @param {boolean} [unfiltered]
 */
function defaultSettings(model, other = null, unfiltered = false) {
  return {
    model,
    label: null,
    other,
    otherLabel: null,
    share: 50,
    n: 20,
    unfiltered,
    temperature: 1,
    first: "",
    contains: "",
    ends: "",
    ...defaultLengthsOf({ model, other }, unfiltered),
    onlyNew: true,
    letterCase: defaultLetterCaseOf(model, other),
  };
}

/**
 * Return the default lengths. Those of a blend include the lengths of both models, as in `namegen.blend`.
 * @param {{model: string, other: string | null}} choice
 * @param {boolean} unfiltered
 */
function defaultLengthsOf(choice, unfiltered) {
  const isFiltered = !unfiltered && canFilterChoice(choice);
  const lengths = chosenDescriptions(choice).map((description) => defaultLengths(description, isFiltered));
  return {
    shortest: Math.min(...lengths.map(({ shortest }) => shortest)),
    longest: Math.max(...lengths.map(({ longest }) => longest)),
  };
}

/**
 * @param {string} model
 * @param {string | null} other
 * @returns {LetterCase}
 */
function defaultLetterCaseOf(model, other) {
  const isForCompanies = descriptionOf(model).metadata.endings.length > 0;
  return other === null && isForCompanies ? "title" : "original";
}

/**
 * Switch to other models, or between filtered and unfiltered names. Settings that had their default get the new
 * default. Labels, texts and lengths are reset if the model changes.
 * @param {string} model
 * @param {string | null} other
 * @param {boolean} [unfiltered]
 */
function switchModel(model, other, unfiltered = settings.unfiltered) {
  const before = { ...settings };
  const defaultsBefore = defaultSettings(before.model, before.other, before.unfiltered);
  Object.assign(settings, defaultSettings(model, other === model ? null : other, unfiltered));
  keepSettings(before, ["n", "temperature", "onlyNew", "share"]);
  if (before.letterCase !== defaultsBefore.letterCase) keepSettings(before, ["letterCase"]);
  if (model === before.model) {
    keepSettings(before, ["label", ...TEXT_SETTINGS]);
    if (before.shortest !== defaultsBefore.shortest) keepSettings(before, ["shortest"]);
    if (before.longest !== defaultsBefore.longest) keepSettings(before, ["longest"]);
  }
  if (settings.other === before.other) keepSettings(before, ["otherLabel"]);
}

/**
 * @param {PageSettings} before
 * @param {(keyof PageSettings)[]} keys
 */
function keepSettings(before, keys) {
  for (const key of keys) Object.assign(settings, { [key]: before[key] });
}
