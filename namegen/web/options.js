// The options of the module's functions, and their checks. Each mistake is an Error with a message for readers.

/** @typedef {import("./module.js").NameModel} NameModel */
/** @typedef {import("./module.js").Options} Options */
/** @typedef {import("./module.js").BlendOptions} BlendOptions */

const LARGEST_N = 100_000;
const LARGEST_OPTION_SEED = 2 ** 32 - 1;
const MOST_LISTED = 12; // names or labels in a message
const MOST_SHOWN_CHARACTERS = 60;

/** Every option of `generate`, and its default. */
const DEFAULT_OPTIONS = {
  n: 20,
  seed: /** @type {number | null} */ (null),
  unfiltered: false,
  temperature: 1,
  startsWith: "",
  contains: "",
  endsWith: "",
  minLength: /** @type {number | null} */ (null),
  maxLength: /** @type {number | null} */ (null),
  label: /** @type {string | null} */ (null),
  letterCase: /** @type {LetterCase | null} */ (null),
  excludeWords: /** @type {string[]} */ ([]),
  allowSeen: false,
  allowProfanity: false,
};

/**
 * Check the options of `generate`, and turn them into a request for names.
 * @param {Options} options
 * @param {NameModel} model
 * @param {NameSource} source
 * @returns {SearchRequest}
 */
function requestFrom(options, model, source) {
  checkOptionNames(options, Object.keys(DEFAULT_OPTIONS), "{ n: 5 }");
  const values = { ...DEFAULT_OPTIONS, ...withoutUndefined(options) };
  checkSwitches(values);
  checkLetterCase(values.letterCase);
  checkAllowSeen(values.allowSeen, model);
  const texts = {
    first: checkText("startsWith", values.startsWith),
    contains: checkText("contains", values.contains),
    ends: checkText("endsWith", values.endsWith),
  };
  return {
    ...texts,
    n: checkWholeNumber("n", values.n, 1, LARGEST_N),
    seed: values.seed === null ? newSeed() : checkWholeNumber("seed", values.seed, 0, LARGEST_OPTION_SEED),
    unfiltered: values.unfiltered,
    temperature: checkTemperature(values.temperature),
    shortest: checkLength("minLength", values.minLength),
    longest: checkLength("maxLength", values.maxLength) ?? defaultMaxLength(source, values.unfiltered, texts),
    label: checkLabel(values.label, model),
    letterCase: values.letterCase,
    excludedWords: checkWords("excludeWords", values.excludeWords),
    onlyNew: !values.allowSeen,
    allowProfanity: values.allowProfanity,
  };
}

/**
 * @param {object} options
 * @returns {object} the options that have a value
 */
function withoutUndefined(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/**
 * Return the length of the longest name by default. A required text needs more room.
 * @param {NameSource} source
 * @param {boolean} unfiltered
 * @param {Record<string, string>} texts that names must contain
 */
function defaultMaxLength(source, unfiltered, texts) {
  const isFiltered = source.canFilter && !unfiltered;
  const lengths = source.parts.map((part) => defaultLengths(part, isFiltered).longest);
  const textLengths = Object.values(texts).map((text) => [...text].length);
  const lengthForText = Math.min(2 * Math.max(...textLengths), LONGEST_NAME);
  return Math.max(...lengths, lengthForText);
}

/**
 * Check that options are a plain object with known names.
 * @param {object} options
 * @param {string[]} names
 * @param {string} example
 */
function checkOptionNames(options, names, example) {
  if (!isPlainObject(options)) throw new Error(`The options must be a plain object, such as ${example}.`);
  const unknown = Reflect.ownKeys(options).find((key) => typeof key !== "string" || !names.includes(key));
  if (unknown !== undefined) {
    throw new Error(`There is no option ${describeValue(unknown)}. The options are ${names.join(", ")}.`);
  }
}

/** @param {Record<string, unknown>} values */
function checkSwitches(values) {
  for (const name of ["unfiltered", "allowSeen", "allowProfanity"]) {
    if (typeof values[name] !== "boolean") {
      throw new Error(`${name} must be true or false, not ${describeValue(values[name])}.`);
    }
  }
}

/** @param {LetterCase | null} letterCase */
function checkLetterCase(letterCase) {
  if (letterCase === null || LETTER_CASES.includes(letterCase)) return;
  throw new Error(`letterCase must be one of ${LETTER_CASES.join(", ")}, not ${describeValue(letterCase)}.`);
}

/**
 * @param {boolean} allowSeen
 * @param {NameModel} model
 */
function checkAllowSeen(allowSeen, { knowsNames, title }) {
  if (allowSeen || knowsNames) return;
  throw new Error(`“${title}” can’t tell which names are new, because it doesn’t know its list. Pass allowSeen: true.`);
}

/**
 * @param {string} name of the option
 * @param {any} value
 * @param {number} least
 * @param {number} most
 * @returns {number}
 */
function checkWholeNumber(name, value, least, most) {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const range = `from ${withCommas(least)} to ${withCommas(most)}`;
  throw new Error(`${name} must be a whole number ${range}, not ${describeValue(value)}.`);
}

/**
 * @param {string} name of the option
 * @param {unknown} value null for the default
 */
function checkLength(name, value) {
  return value === null ? null : checkWholeNumber(name, value, 1, LONGEST_NAME);
}

/**
 * @param {unknown} value
 * @returns {number}
 */
function checkTemperature(value) {
  if (typeof value === "number" && value >= 0 && value < Infinity) return value;
  throw new Error(`temperature must be a number of at least 0, such as 0.8, not ${describeValue(value)}.`);
}

/**
 * @param {string} name of the option
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
 * @param {string} name of the option
 * @param {unknown} value
 * @returns {string[]}
 */
function checkWords(name, value) {
  if (!Array.isArray(value)) throw new Error(`${name} must be a list of strings, not ${describeValue(value)}.`);
  return Array.from(value, (word) => checkText(`Each word of ${name}`, word));
}

/**
 * Check that a model has a label, or labels with such a part.
 * @param {unknown} label null for all labels
 * @param {NameModel} model
 */
function checkLabel(label, { labels, title }) {
  if (label === null) return null;
  if (typeof label === "string" && findLabels(label, [...labels]).length > 0) return label;
  if (labels.length === 0) throw new Error(`“${title}” has no labels. Remove the option label.`);
  throw new Error(`There is no label ${describeValue(label)}. Pass one of ${listValues(labels)}.`);
}

/**
 * Find a single label.
 * @param {unknown} request null for no label
 * @param {NameModel} model
 */
function checkSingleLabel(request, model) {
  const label = checkLabel(request, model);
  if (label === null || model.labels.includes(label)) return label;
  const matching = findLabels(label, [...model.labels]).map((index) => model.labels[index]);
  if (matching.length === 1) return matching[0];
  throw new Error(`${describeValue(label)} matches several labels. Pass one of ${listValues(matching)}.`);
}

/**
 * Check the weights and labels of a blend.
 * @param {BlendOptions} options
 * @param {number} modelCount
 * @returns {{weights: number[], labels: (string | null)[]}}
 */
function checkBlendOptions(options, modelCount) {
  checkOptionNames(options, ["weights", "labels"], "{ weights: [0.3, 0.7] }");
  const { weights = Array(modelCount).fill(1 / modelCount), labels = Array(modelCount).fill(null) } = options;
  const isLabel = (/** @type {unknown} */ label) => label === null || typeof label === "string";
  if (!isListOf(labels, modelCount, isLabel)) {
    throw new Error("labels must be a list with a label, or null, for each model.");
  }
  const isWeight = (/** @type {unknown} */ weight) => typeof weight === "number" && weight >= 0;
  const sum = isListOf(weights, modelCount, isWeight) ? sumOf(weights) : NaN;
  const sumsTo1 = Math.abs(sum - 1) < 1e-6;
  if (!sumsTo1) throw new Error("weights must be a list with a number for each model, which sum to 1.");
  return { weights: weights.map((weight) => weight / sum), labels };
}

/** @param {number[]} numbers */
function sumOf(numbers) {
  return numbers.reduce((sum, number) => sum + number);
}

/**
 * Return whether a value is a list of so many items that satisfy a condition. A hole in a list is an undefined item.
 * @param {unknown} value
 * @param {number} length
 * @param {(item: any) => boolean} isValid
 */
function isListOf(value, length, isValid) {
  return Array.isArray(value) && value.length === length && Array.from(value).every(isValid);
}

/**
 * Return a value as messages show it.
 * @param {unknown} value
 */
function describeValue(value) {
  switch (typeof value) {
    case "string":
      return `“${[...value.slice(0, 200)].slice(0, MOST_SHOWN_CHARACTERS).join("")}”`;
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? "a list" : "an object";
    default:
      return String(value);
  }
}

/**
 * List some values in a message.
 * @param {readonly unknown[]} values
 */
function listValues(values) {
  const shown = values.slice(0, MOST_LISTED).map(describeValue);
  return [...shown, ...(values.length > MOST_LISTED ? ["…"] : [])].join(", ");
}
