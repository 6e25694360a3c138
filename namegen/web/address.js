// The page's address, which contains the seed and every setting that isn't the default: #seed=7&n=50&…

const LONGEST_TEXT_SETTING = 40;

/** The options that the form has a control for. */
const FORM_OPTIONS = OPTION_NAMES.filter((name) => OPTIONS[name].title !== undefined);

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
  const findModel = (/** @type {string | null} */ name) => descriptions.find((model) => model.name === name);
  const labelOf = (/** @type {string | null} */ model, /** @type {string | null} */ label) =>
    labelChoicesOf(model).some(({ name }) => name === label) ? label : null;
  const model = findModel(values.get("model")) ?? descriptions[0];
  const read = defaultSettings(model.name, newSeed());
  for (const name of FORM_OPTIONS) {
    const option = OPTIONS[name];
    const text = values.get(name) ?? values.get(option.alias ?? name);
    const value = text === null ? undefined : readOption(option, text);
    if (value !== undefined) Object.assign(read, { [name]: value });
  }
  read.label = labelOf(model.name, values.get("label"));
  const other = findModel(values.get("with"));
  const canBlend = other !== undefined && other !== model && !model.parts && !other.parts; // people can't be blended
  if (canBlend) {
    read.other = other.name;
    read.otherLabel = labelOf(other.name, values.get("withlabel"));
    read.share = readOption(SHARE, values.get("share") ?? "") ?? SHARE.initial;
  }
  return read;
}

/** Write the current settings as an address. */
function writeAddress() {
  const { seed, model, label, other, otherLabel, share } = settings;
  const values = new URLSearchParams({ seed: String(seed) });
  if (descriptions.length > 1) values.set("model", model);
  if (label !== null) values.set("label", label);
  if (other !== null) values.set("with", other);
  if (otherLabel !== null) values.set("withlabel", otherLabel);
  if (other !== null && share !== SHARE.initial) values.set("share", String(share));
  for (const name of FORM_OPTIONS) {
    const value = settings[name];
    if (value !== OPTIONS[name].initial) values.set(name, value === true ? "1" : String(value));
  }
  return `#${values}`;
}
