// The page's address, which contains the seed and every setting that isn't the default: #seed=7&n=50&…

const MOST_NAMES = 1000;
const LARGEST_SEED = 2 ** 32 - 1;
const LONGEST_TEXT_SETTING = 40;

/** The settings with numbers that the address may contain, and the smallest and largest value of each. */
const NUMBER_RANGES = {
  share: { least: 0, most: 100 },
  n: { least: 1, most: MOST_NAMES },
  shortest: { least: 1, most: LONGEST_NAME },
  longest: { least: 1, most: LONGEST_NAME },
};

/** The settings that are written as they are, if they aren't the default. @type {(keyof PageSettings)[]} */
const PLAIN_SETTINGS = ["share", "n", "temperature", ...TEXT_SETTINGS, "shortest", "longest"];

/** Reads settings from an address. Values that make no sense are ignored. */
class AddressReader {
  /** @param {string} hash the part of the address from # on */
  constructor(hash) {
    this.values = new URLSearchParams(hash.slice(1));
  }

  /** @returns {PageSettings} */
  read() {
    const model = this.#model();
    const other = this.#otherModel(model);
    const defaults = defaultSettings(model, other, this.values.get("unfiltered") === "1");
    return {
      ...defaults,
      ...this.#wholeNumbers(defaults),
      label: this.#label("label", model),
      otherLabel: this.#label("withlabel", other),
      seed: Math.floor(this.#number("seed", { least: 0, most: LARGEST_SEED }) ?? newSeed()),
      temperature: this.#number("temperature", { least: 0, most: 2 }) ?? defaults.temperature,
      first: this.#text("first"),
      contains: this.#text("contains"),
      ends: this.#text("ends"),
      onlyNew: this.values.get("new") !== "any",
      letterCase: this.#letterCase() ?? defaults.letterCase,
    };
  }

  #model() {
    const description = findDescription(this.values.get("model"));
    return (description ?? descriptions[0]).name;
  }

  /**
   * Return the second model of a blend. People can't be blended.
   * @param {string} model
   */
  #otherModel(model) {
    const other = findDescription(this.values.get("with"));
    if (other === undefined || other.name === model) return null;
    const hasPeople = Boolean(descriptionOf(model).parts) || Boolean(other.parts);
    return hasPeople ? null : other.name;
  }

  /**
   * @param {string} key
   * @param {string | null} model
   */
  #label(key, model) {
    const label = this.values.get(key);
    return labelChoicesOf(model).some(({ name }) => name === label) ? label : null;
  }

  /** @param {Omit<PageSettings, "seed">} defaults */
  #wholeNumbers(defaults) {
    const read = (/** @type {"share" | "n" | "shortest" | "longest"} */ key) =>
      Math.floor(this.#number(key, NUMBER_RANGES[key]) ?? defaults[key]);
    return { share: read("share"), n: read("n"), shortest: read("shortest"), longest: read("longest") };
  }

  /**
   * @param {string} key
   * @param {{least: number, most: number}} range
   */
  #number(key, { least, most }) {
    const text = this.values.get(key) ?? "";
    const value = text.trim() === "" ? NaN : Number(text);
    return value >= least && value <= most ? value : null;
  }

  /** @param {string} key */
  #text(key) {
    const text = (this.values.get(key) ?? "").slice(0, LONGEST_TEXT_SETTING);
    return text.replace(/[\ud800-\udbff]$/, ""); // half a character
  }

  #letterCase() {
    const letterCase = this.values.get("case");
    return LETTER_CASES.find((known) => known === letterCase);
  }
}

/** Write the current settings as an address. */
function writeAddress() {
  const defaults = defaultSettings(settings.model, settings.other, settings.unfiltered);
  const values = new URLSearchParams({ seed: String(settings.seed) });
  if (descriptions.length > 1) values.set("model", settings.model);
  if (settings.label !== null) values.set("label", settings.label);
  if (settings.other !== null) values.set("with", settings.other);
  if (settings.otherLabel !== null) values.set("withlabel", settings.otherLabel);
  if (settings.unfiltered && canFilterChoice(settings)) values.set("unfiltered", "1");
  for (const key of changedSettings(defaults)) values.set(key, String(settings[key]));
  if (!settings.onlyNew) values.set("new", "any");
  if (settings.letterCase !== defaults.letterCase) values.set("case", settings.letterCase);
  return `#${values}`;
}

/**
 * Return which of the plain settings aren't the default. The share matters only in a blend.
 * @param {Partial<PageSettings>} defaults
 */
function changedSettings(defaults) {
  const isBlend = settings.other !== null;
  const relevant = PLAIN_SETTINGS.filter((key) => key !== "share" || isBlend);
  return relevant.filter((key) => settings[key] !== defaults[key]);
}
