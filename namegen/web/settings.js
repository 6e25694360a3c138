// The reader's settings, their defaults, and the models that they choose.

/**
 * What the reader has set: a request for names, and where they come from. `share` is the weight of the second model of
 * a blend, from 0 to 100.
 * @typedef {SearchRequest & {model: string, other: string | null, otherLabel: string | null, share: number}}
 *   PageSettings
 */

/**
 * A model of the page. People consist of two models, and have labels of their own.
 * @typedef {ModelDescription & {parts?: PageDescription[], labels?: LabelChoice[]}} PageDescription
 */

/** @typedef {{name: string, names: number}} LabelChoice */

/** @type {Option} */
const SHARE = { python: "blend_weights", type: "count", initial: 50, least: 0, most: 100, help: "" };

/** @type {PageDescription[]} */
const descriptions = JSON.parse(byId("models-data").textContent);
/** By name. @type {Map<string, Model>} */
const openModels = new Map();
/** The latest blend, with its settings. @type {{key: string, blend: Blend} | null} */
let lastBlend = null;
/** By the name of the model. @type {Map<string, LabelChoice[]>} */
const labelChoices = new Map();

const settings = /** @type {PageSettings} */ ({});

/**
 * @param {string} name of a model
 * @returns {PageDescription}
 */
function descriptionOf(name) {
  return /** @type {PageDescription} */ (descriptions.find((description) => description.name === name));
}

/**
 * Return the labels that can be chosen: the values of each part, if labels have several parts, then whole labels.
 * @param {string | null} model
 * @returns {LabelChoice[]}
 */
function labelChoicesOf(model) {
  if (model === null) return [];
  const cached = labelChoices.get(model);
  if (cached !== undefined) return cached;
  const { labels = descriptionOf(model).metadata.labels } = descriptionOf(model);
  /** The names of each value of a part. @type {Map<string, number>} */
  const counts = new Map();
  splitLabels(labels.map(({ name }) => name)).forEach((parts, k) => {
    const values = parts.length > 1 ? new Set(parts.filter(Boolean)) : [];
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + labels[k].names);
  });
  const choices = [...Array.from(counts, ([name, names]) => ({ name, names })), ...labels];
  labelChoices.set(model, choices);
  return choices;
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
  if (lastBlend?.key !== key) {
    const first = { model: modelOf(name), label, weight: 1 - share / 100 };
    const second = { model: modelOf(other), label: otherLabel, weight: share / 100 };
    lastBlend = { key, blend: new Blend([first, second]) };
  }
  return lastBlend.blend;
}

/** Return the description of the chosen model, or of both models of a blend. */
function chosenDescriptions() {
  const names = settings.other === null ? [settings.model] : [settings.model, settings.other];
  return names.map(descriptionOf);
}

/** Return the descriptions of the chosen models. People have two. */
function chosenModels() {
  return chosenDescriptions().flatMap((description) => description.parts ?? [description]);
}

/**
 * Start a search with the current settings.
 * @throws {Error} with a message for readers
 */
function createSearch() {
  const { model, label, other, otherLabel, share } = settings;
  const { parts } = descriptionOf(model);
  if (parts !== undefined) return searchPeople(modelOf(parts[0].name), modelOf(parts[1].name), settings);
  if (other === null) return new Search(modelOf(model), settings);
  return new Search(blendOf(model, label, other, otherLabel, share), { ...settings, label: null });
}

/** Return whether new names can be filtered. A blend has no rules to score its names. */
function canFilterChoice() {
  return settings.other === null && canFilterNames(descriptionOf(settings.model));
}

/** Return what the options without a value are for the chosen models. */
function defaultsOfChoice() {
  const isFiltered = !settings.unfiltered && canFilterChoice();
  const { endings, letter_case: ofList } = descriptionOf(settings.model).metadata;
  /** @type {LetterCase} */
  let letterCase = "original";
  if (settings.other === null) letterCase = ofList === "original" && endings.length > 0 ? "title" : ofList;
  return { ...defaultLengths(chosenDescriptions(), isFiltered), letterCase };
}

/**
 * Return the default settings of a model.
 * @param {string} model
 * @param {number} seed
 * @returns {PageSettings}
 */
function defaultSettings(model, seed) {
  return { ...defaultRequest(), seed, model, other: null, otherLabel: null, share: SHARE.initial };
}

/**
 * Switch to other models. The label, texts and lengths are reset if the first model changes.
 * @param {string} model
 * @param {string | null} other
 */
function switchModel(model, other) {
  const before = { ...settings };
  if (model !== before.model) {
    const { n, temperature, allowSeen, unfiltered, letterCase, share } = before;
    Object.assign(settings, defaultSettings(model, before.seed));
    Object.assign(settings, { n, temperature, allowSeen, unfiltered, letterCase, share });
  }
  settings.other = other === model ? null : other;
  settings.otherLabel = settings.other === before.other ? before.otherLabel : null;
}
