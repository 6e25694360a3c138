// What a program calls: the module's own part, which a page does without. Everything above it is the page's engine,
// and the checks of data and options.

/**
 * What names are asked for; whatever is left out is as usual. Letter case does not count in the three texts.
 * @typedef {object} Options
 * @property {number} [n] how many, from 1 to 100,000; usually 20
 * @property {number} [seed] a whole number from 0 to 4294967295: with the same options it gives the same names,
 *   wherever it runs; usually one by chance
 * @property {number} [temperature] 0 takes the likeliest letter each time, more is more daring; usually the model's own
 * @property {string} [startsWith] what each name begins with
 * @property {string} [contains] what each name has somewhere
 * @property {string} [endsWith] what each name ends with
 * @property {number} [minLength] letters of the shortest name, from 1 to 1,000; spaces count too; usually 1
 * @property {number} [maxLength] letters of the longest name, from 1 to 1,000; usually twice the longest of the list
 * @property {string | null} [label] one of the model's labels; usually any
 * @property {boolean} [allowSeen] whether names of the list that the model has read may come too; usually not
 */

/**
 * A name, its label (null where the model has none), and whether it is new: in no list that the model has read, letter
 * case, spaces and punctuation aside; null where the model does not know its list.
 * @typedef {{name: string, label: string | null, isNew: boolean | null}} Entry
 */

/**
 * What may come next, and how likely it is; the character "" is the end of the name.
 * @typedef {{character: string, probability: number}} Next
 */

const sources = new WeakMap(); // of each NameModel, what its names are drawn from

/** One model, or several as one. Made by `load` and `blend`. */
class NameModel {
  /** @param {object} about its properties @param {NameSource} source */
  constructor(about, source) {
    /** @type {string} what it is called in the file */
    this.name = about.name;
    /** @type {string} what to show to readers */
    this.title = about.title;
    /** @type {string} whom its list comes from, and under which licence; "" if that is unknown */
    this.credit = about.credit;
    /** @type {string} the text of that licence, which has to go wherever the model goes; "" if that is unknown */
    this.notice = about.notice;
    /** @type {readonly string[]} the labels of its names, such as their origins; of most models none */
    this.labels = Object.freeze(about.labels);
    /** @type {string} the characters that it knows */
    this.characters = source.characters.slice(1).join("");
    /** @type {number} the usual temperature */
    this.temperature = about.temperature;
    /** @type {number} the usual length of the longest name */
    this.maxLength = about.maxLength;
    /** @type {boolean} whether it can say which names are new */
    this.knowsNames = source.knowsNames;
    sources.set(this, source);
    Object.freeze(this);
  }

  /**
   * Invent names: distinct, and new unless `allowSeen` is given.
   * @param {Options} [options]
   * @returns {string[]} exactly n of them
   * @throws {Error} an option is wrong, or there are not so many; then its `names` holds those that were found
   */
  generate(options) {
    return this.entries(options).map(({ name }) => name);
  }

  /**
   * Invent names, each with what is known of it.
   * @param {Options} [options]
   * @returns {Entry[]} exactly n of them
   * @throws {Error} see `generate`
   */
  entries(options = {}) {
    const source = sources.get(this);
    const wish = wishOf(options, this);
    const search = new Search(source, wish);
    while (!search.done) search.tryOnce();
    const labels = new Map(source.starts.map(({ token, label }) => [token, label]));
    const found = search.found.map(({ name, isNew, beginning }) => ({ name, label: labels.get(beginning), isNew }));
    if (found.length === wish.n) return found;
    const some = found.length ? `Only ${countOf(found.length, "name")} of ${thousands(wish.n)}. ` : "";
    const error = new Error(some + whyFewer(search));
    throw Object.assign(error, { names: found.map(({ name }) => name) });
  }

  /**
   * Whether a name is in no list that the model has read, letter case, spaces and punctuation aside.
   * @param {string} name
   * @returns {boolean | null} null: it does not know its list
   */
  isNew(name) {
    const source = sources.get(this);
    return source.isNew(source.normalise(inItsCharacters(textOf("the name", name), source)));
  }

  /**
   * What may come after these first letters, exactly as they are written, the likeliest first.
   * @param {string} [prefix]
   * @param {{label?: string | null, temperature?: number}} [options] of a model with labels, a label is needed
   * @returns {Next[]}
   */
  next(prefix = "", options = {}) {
    known(options, ["label", "temperature"], "{ temperature: 0.8 }");
    const source = sources.get(this);
    const label = labelOf(options.label ?? null, this);
    if (label === null && this.labels.length) {
      throw new Error(`what comes next depends on the label: give one, such as ${told(this.labels[0])}`);
    }
    let place = source.roots.find((root) => root.label === label).prefix;
    for (const character of textOf("the first letters", prefix).normalize("NFC")) {
      const id = source.characters.indexOf(character);
      if (id < 1) throw new Error(`no name of ${this.title} has the character ${told(character)}: give others`);
      place = place.then(id);
    }
    const temperature = temperatureOf(options.temperature === undefined ? 1 : options.temperature);
    const chances = Array.from(probabilities(place.logits, temperature), (probability, id) => ({
      character: source.characters[id] ?? "",
      probability,
    }));
    return chances.sort((a, b) => b.probability - a.probability);
  }
}

/**
 * Make a model of the file that `namegen export-web --module` wrote beside this module.
 * @param {string | object} data the file's text, or what `JSON.parse` makes of it
 * @param {string} [name] which of its models; usually the first
 * @returns {NameModel}
 * @throws {Error} the data are none, or damaged; or there is no such model
 */
export function load(data, name) {
  const models = modelsOf(data);
  const description = name === undefined ? models[0] : models.find((one) => one?.name === name);
  if (description === undefined) {
    throw new Error(`the data have no model ${told(name)}: expected one of ${toldSome(models.map((one) => one?.name))}`);
  }
  let model;
  try {
    check(description);
    model = new Model(description);
  } catch (error) {
    const where = error instanceof Damage ? ` (${error.message})` : ""; // the language's own words help nobody
    const which = isText(description?.name) ? `the model ${told(description.name)}` : "the first model";
    throw new Error(`${which} is damaged${where}: export it again`);
  }
  if (!model.sound) throw new Error(wouldBeWrong("This module", model));
  const { name: own, title, credit, notice, temperature, longest: maxLength } = description;
  const labels = description.labels.map((label) => label.name);
  return new NameModel({ name: own, title, credit, notice, temperature, maxLength, labels }, model);
}

/**
 * Several models as one: at each letter the weighted mean of their probabilities.
 * @param {NameModel[]} models two or more
 * @param {{weights?: number[], labels?: (string | null)[]}} [options] weights: how much each is heard, from 0 to 1, 1
 *   together; usually all alike. labels: the label of each; a model that has labels needs one
 * @returns {NameModel}
 * @throws {Error} an option is wrong
 */
export function blend(models, options = {}) {
  const parts = partsOf(models, options);
  const joined = (key, by) => [...new Set(models.map((model) => model[key]).filter(Boolean))].join(by);
  const most = (key) => Math.max(...models.map((model) => model[key]));
  return new NameModel(
    {
      name: joined("name", "+"),
      title: joined("title", " and "),
      credit: joined("credit", "; "),
      notice: joined("notice", "\n\n"),
      temperature: most("temperature"),
      maxLength: most("maxLength"),
      labels: [],
    },
    new Blend(parts),
  );
}
