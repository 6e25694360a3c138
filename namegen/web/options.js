// What a program asks of the module, checked: each mistake is an Error of one sentence.

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

const TEXT_OPTIONS = ["startsWith", "contains", "endsWith"];
const OPTIONS = ["n", "seed", "temperature", ...TEXT_OPTIONS, "minLength", "maxLength", "label", "allowSeen"];

/** The options as a search wants them. */
function wishOf(options, model) {
  known(options, OPTIONS, "{ n: 5 }");
  const {
    n = 20,
    seed = newSeed(),
    temperature = model.temperature,
    startsWith = "",
    contains = "",
    endsWith = "",
    minLength = 1,
    maxLength = model.maxLength,
    label = null,
    allowSeen = false,
  } = options;
  if (typeof allowSeen !== "boolean") throw new Error(`allowSeen is ${told(allowSeen)}: expected true or false`);
  if (!allowSeen && !model.knowsNames) {
    throw new Error(
      `${model.title} does not know the names of its list, so it cannot tell which are new: give allowSeen: true`,
    );
  }
  return {
    n: wholeOf("n", n, 1, LARGEST.n),
    seed: wholeOf("seed", seed, 0, LARGEST.seed),
    temperature: temperatureOf(temperature),
    first: textOf("startsWith", startsWith),
    contains: textOf("contains", contains),
    ends: textOf("endsWith", endsWith),
    shortest: wholeOf("minLength", minLength, 1, LARGEST.length),
    longest: wholeOf("maxLength", maxLength, 1, LARGEST.length),
    label: labelOf(label, model),
    onlyNew: !allowSeen,
  };
}

/** Whether it is an object as one is written down: no list, no Map, nothing that a class has made. */
function isPlain(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const kind = Object.getPrototypeOf(value); // of another window its own
  return kind === null || Object.getPrototypeOf(kind) === null;
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

function temperatureOf(value) {
  if (typeof value === "number" && value >= 0 && value < Infinity) return value;
  throw new Error(`temperature is ${told(value)}: expected a number of at least 0, such as 0.8`);
}

function textOf(name, value) {
  if (typeof value === "string" && value.length <= LARGEST.length) return value;
  const what = typeof value === "string" ? `of ${thousands(value.length)} characters` : told(value);
  throw new Error(`${name} is ${what}: expected a text of up to ${thousands(LARGEST.length)} characters`);
}

/** The model's label of this name, letter case aside where that is enough; null: any. */
function labelOf(label, { labels, title }) {
  if (label === null || labels.includes(label)) return label;
  const alike = labels.filter((one) => typeof label === "string" && one.toLowerCase() === label.toLowerCase());
  if (alike.length === 1) return alike[0];
  if (labels.length === 0) throw new Error(`label is ${told(label)}, and ${title} has no labels: leave it out`);
  throw new Error(`label is ${told(label)}: expected one of ${toldSome(labels)}`);
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
    const label = labelOf(labels[k], model);
    if (label === null && model.labels.length) throw new Error(needsLabel(model));
    return { model: sources.get(model), label, weight: weights[k] / sum };
  });
}

// Beyond ASCII; the categories of core/data/sameness.py.
const REMOVED = /[\p{Pc}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}\p{Z}\p{Cc}\p{Cf}\p{Sk}\ufe00-\ufe0f]/u;

/** A name as a model can normalise it, which brings tables for its own characters alone; of others JavaScript's do. */
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
