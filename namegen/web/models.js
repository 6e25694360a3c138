// The models of the page, and those that the reader has chosen.

/**
 * A model of the page. People consist of two models, and have labels of their own.
 * @typedef {ModelDescription & {parts?: ModelDescription[], labels?: {name: string, names: number}[]}} PageDescription
 */

/** @type {PageDescription[]} */
const descriptions = JSON.parse(byId("models-data").textContent);
/** By name. @type {Map<string, Model>} */
const openModels = new Map();
/** The latest blend, with its settings. @type {{key: string, blend: Blend} | null} */
let lastBlend = null;

/**
 * @param {string} name of a model
 * @returns {PageDescription}
 */
function descriptionOf(name) {
  return /** @type {PageDescription} */ (descriptions.find((description) => description.name === name));
}

/** @param {PageDescription} description */
function labelsOf({ metadata, labels = metadata.labels }) {
  return labels.map(({ name }) => name);
}

/**
 * Return whether two models can be blended. People can't.
 * @param {PageDescription} model
 * @param {PageDescription} other
 */
function canBlend(model, other) {
  return model !== other && model.parts === undefined && other.parts === undefined;
}

/**
 * Open a model.
 * @param {string} name
 * @throws {ReaderError} if it can't be used
 */
function modelOf(name) {
  const model = openModels.get(name) ?? openModel(descriptionOf(name));
  openModels.set(name, model);
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
  const { model, other } = settings;
  return other === null ? [descriptionOf(model)] : [descriptionOf(model), descriptionOf(other)];
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

/**
 * Return what the options without a value are for the chosen models.
 * @returns {Record<string, any>}
 */
function defaultsOfChoice() {
  const isFiltered = !settings.unfiltered && canFilterChoice();
  const models = chosenDescriptions();
  return { ...defaultLengths(models, isFiltered), letterCase: defaultLetterCase(models) };
}
