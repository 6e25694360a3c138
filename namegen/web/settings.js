// The reader's settings, and the page's address, which contains all of them that aren't the default:
// #seed=7&model=elves&n=50

const LONGEST_TEXT_SETTING = 40;

/**
 * What the reader has set: a request for names, and where they come from. `share` is the weight of the second model of
 * a blend, from 0 to 100, and `household` is how many people share a family name.
 * @typedef {object} PageChoice
 * @property {string} model
 * @property {string | null} other
 * @property {string | null} otherLabel
 * @property {number} share
 * @property {number} household
 */

/** @typedef {SearchRequest & PageChoice} PageSettings */

/** The options that have a control in the form; the last ones exist only on the page. @type {Record<string, Option>} */
const CONTROLS = {
  ...Object.fromEntries(Object.entries(OPTIONS).filter(([, { title }]) => title !== undefined)),
  share: { python: "blend_weights", type: "count", initial: 50, least: 0, most: 100, help: "" },
  household: { python: "household", type: "count", initial: 1, least: 1, most: 10, help: "" },
};

const settings = /** @type {PageSettings & Record<string, any>} */ ({});

/**
 * Return the default settings of a model.
 * @param {string} model
 * @param {number} seed
 * @returns {PageSettings & Record<string, any>}
 */
function defaultSettings(model, seed) {
  const { share, household } = CONTROLS;
  const choice = { model, other: null, otherLabel: null, share: share.initial, household: household.initial };
  return { ...defaultRequest(), seed, ...choice };
}

/**
 * Read the value of an option from a text. Undefined if it makes no sense.
 * @param {Option} option
 * @param {string} text
 * @returns {any}
 */
function readOption({ type, least = -Infinity, most = Infinity, mostOnPage = most, choices = [] }, text) {
  switch (type) {
    case "count":
    case "number": {
      const value = text.trim() === "" ? NaN : Number(text);
      if (!(value >= least && value <= mostOnPage)) return undefined;
      return type === "count" ? Math.floor(value) : value;
    }
    case "flag":
      return text === "1" || text === "any"; // new=any is in earlier addresses
    case "choice":
      return choices.includes(text) ? text : undefined;
    default:
      return text.slice(0, LONGEST_TEXT_SETTING).replace(/[\ud800-\udbff]$/, ""); // without half a character
  }
}

/**
 * Read settings from an address. Values that make no sense are ignored.
 * @param {string} hash the part of the address from # on
 * @returns {PageSettings}
 */
function readAddress(hash) {
  const values = new URLSearchParams(hash.slice(1));
  const findModel = (/** @type {string} */ key) => descriptions.find(({ name }) => name === values.get(key));
  const labelOf = (/** @type {PageDescription} */ model, /** @type {string} */ key) => {
    const label = values.get(key);
    return label !== null && findLabels(label, labelsOf(model)).length > 0 ? label : null;
  };
  const model = findModel("model") ?? descriptions[0];
  const read = defaultSettings(model.name, newSeed());
  for (const [name, option] of Object.entries(CONTROLS)) {
    const text = values.get(name) ?? values.get(option.alias ?? name);
    const value = text === null ? undefined : readOption(option, text);
    if (value !== undefined) read[name] = value;
  }
  read.label = labelOf(model, "label");
  const other = findModel("with");
  if (other !== undefined && canBlend(model, other)) {
    read.other = other.name;
    read.otherLabel = labelOf(other, "withlabel");
  }
  return read;
}

/** Write the current settings as an address. */
function writeAddress() {
  const { seed, model, label, other, otherLabel } = settings;
  const values = new URLSearchParams({ seed: String(seed) });
  if (descriptions.length > 1) values.set("model", model);
  if (label !== null) values.set("label", label);
  if (other !== null) values.set("with", other);
  if (otherLabel !== null) values.set("withlabel", otherLabel);
  for (const [name, { initial }] of Object.entries(CONTROLS)) {
    const value = settings[name];
    if (value !== initial) values.set(name, value === true ? "1" : String(value));
  }
  return `#${values}`;
}

/**
 * Switch to other models. If the first model changes, only what suits every model stays.
 * @param {string} model
 * @param {string | null} other
 */
function switchModel(model, other) {
  const before = { ...settings };
  if (model !== before.model) {
    const { n, temperature, allowSeen, unfiltered, letterCase } = before;
    Object.assign(settings, defaultSettings(model, before.seed), { n, temperature, allowSeen, unfiltered, letterCase });
  }
  settings.other = other === model ? null : other;
  settings.otherLabel = settings.other === before.other ? before.otherLabel : null;
}
