// The options of a request for names. Each is declared once, in options.json, from which Python makes the constant
// OPTIONS, the page's form, and the module's types and help. The checks and the page's address are made from it here.

const LONGEST_NAME = 1000; // characters that a request can allow, as in options.json
const MOST_LISTED = 12; // names or labels in a message
const MOST_SHOWN_CHARACTERS = 60;

/** @typedef {"original" | "title" | "upper" | "lower"} LetterCase */

/**
 * An option, with its name as the key.
 * @typedef {object} Option
 * @property {string} python the name of the option in Python
 * @property {"count" | "number" | "flag" | "text" | "words" | "choice" | "label"} type
 * @property {any} initial the default; null if it depends on the model, or is random
 * @property {number} [least]
 * @property {number} [most]
 * @property {number} [mostOnPage] if it is less on the page
 * @property {number} [step] of the slider
 * @property {readonly string[]} [choices]
 * @property {string} [alias] the key in addresses of earlier versions of the page; the key is now the option's name
 * @property {string} [title] of its control on the page; other options aren't in the form
 * @property {boolean} [required] whether its control can't be empty
 * @property {string} [hint] below the control
 * @property {readonly string[]} [names] of the choices, or of the slider's ends, on the page
 * @property {string} help for programmers
 */

/** @typedef {keyof NameRequest} OptionName */

/** A request whose seed has been chosen. @typedef {NameRequest & {seed: number}} SearchRequest */

/** How the next letter is drawn. @typedef {{temperature: number}} Sampling */

const OPTION_NAMES = /** @type {OptionName[]} */ (Object.keys(OPTIONS));
/** @type {Sampling} */
const DEFAULT_SAMPLING = { temperature: 1 };

/**
 * Return the default of every option.
 * @returns {NameRequest}
 */
function defaultRequest() {
  return /** @type {any} */ (Object.fromEntries(OPTION_NAMES.map((name) => [name, OPTIONS[name].initial])));
}

/**
 * Return a random seed.
 * @returns {number}
 */
function newSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

/**
 * Check the options of a function, and add the default of those that are missing or undefined.
 * @param {Record<string, any>} options
 * @param {readonly OptionName[]} names of the options that the function has
 * @param {string} example
 * @param {{labels: readonly string[], title: string}} model
 * @returns {NameRequest}
 * @throws {Error} with a message for readers
 */
function checkOptions(options, names, example, model) {
  checkOptionNames(options, names, example);
  const given = names.filter((name) => options[name] !== undefined);
  for (const name of given) checkOption(name, options[name], model);
  return { ...defaultRequest(), ...Object.fromEntries(given.map((name) => [name, options[name]])) };
}

/**
 * Check that options are an object with known names.
 * @param {object} options
 * @param {readonly string[]} names
 * @param {string} example
 */
function checkOptionNames(options, names, example) {
  if (Object(options) !== options) throw new Error(`The options must be an object, such as ${example}.`);
  const unknown = Object.keys(options).find((key) => !names.includes(key));
  if (unknown !== undefined) {
    throw new Error(`There is no option ${describeValue(unknown)}. The options are ${names.join(", ")}.`);
  }
}

/**
 * @param {OptionName} name
 * @param {any} value
 * @param {{labels: readonly string[], title: string}} model
 */
function checkOption(name, value, model) {
  const { type, initial, least = -Infinity, most = Infinity, choices = [] } = OPTIONS[name];
  if (value === null && initial === null) return;
  if (type === "text") checkText(name, value);
  if (type === "label") checkLabel(value, model);
  const isWithin = value >= least && value <= most;
  const areWords = Array.isArray(value) && value.every((word) => typeof word === "string");
  /** For each type, whether the value is valid, and the rule. @type {Record<string, [boolean, string]>} */
  const rules = {
    count: [Number.isInteger(value) && isWithin, `a whole number from ${withCommas(least)} to ${withCommas(most)}`],
    number: [Number.isFinite(value) && isWithin, `a number of at least ${least}, such as 0.8`],
    flag: [typeof value === "boolean", "true or false"],
    choice: [choices.includes(value), `one of ${choices.join(", ")}`],
    words: [areWords, "a list of strings"],
  };
  const [isValid, rule] = rules[type] ?? [true, ""];
  if (!isValid) throw new Error(`${name} must be ${rule}, not ${describeValue(value)}.`);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {string}
 */
function checkText(name, value) {
  const rule = `${name} must be a string of up to ${withCommas(LONGEST_NAME)} characters`;
  if (typeof value !== "string") throw new Error(`${rule}, not ${describeValue(value)}.`);
  if (value.length > LONGEST_NAME) throw new Error(`${rule}, but it has ${withCommas(value.length)}.`);
  return value;
}

/**
 * Check that a model has a label, or labels with such a part.
 * @param {unknown} label
 * @param {{labels: readonly string[], title: string}} model
 */
function checkLabel(label, { labels, title }) {
  if (typeof label === "string" && findLabels(label, [...labels]).length > 0) return;
  if (labels.length === 0) throw new Error(`“${title}” has no labels. Remove the option label.`);
  throw new Error(`There is no label ${describeValue(label)}. Pass one of ${listValues(labels)}.`);
}

/**
 * Find a single label.
 * @param {unknown} request null for no label
 * @param {{labels: readonly string[], title: string}} model
 * @returns {string | null}
 */
function checkSingleLabel(request, model) {
  if (request === null) return null;
  checkLabel(request, model);
  const label = String(request);
  if (model.labels.includes(label)) return label;
  const matching = findLabels(label, [...model.labels]).map((index) => model.labels[index]);
  if (matching.length === 1) return matching[0];
  throw new Error(`${describeValue(label)} matches several labels. Pass one of ${listValues(matching)}.`);
}

/**
 * Return a value as messages show it.
 * @param {unknown} value
 */
function describeValue(value) {
  if (typeof value !== "string") return String(value);
  return `“${[...value.slice(0, 200)].slice(0, MOST_SHOWN_CHARACTERS).join("")}”`;
}

/**
 * List some values in a message.
 * @param {readonly unknown[]} values
 */
function listValues(values) {
  const shown = values.slice(0, MOST_LISTED).map(describeValue);
  if (values.length > MOST_LISTED) shown.push("…");
  return shown.join(", ");
}
