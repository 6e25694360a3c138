// People: a new family name, and a real given name from the list with the same label. A page offers them if it has the
// models of both.

const GIVEN_TEMPERATURE = 0.7; // at higher temperatures, names of other labels turn up, which are in the list as well
const GIVEN_MODEL = "world-given";
const FAMILY_MODEL = "world-family";
const GENDER_PART = 1; // the index of the gender among the parts of a label

/**
 * Start a search for people: a search for family names, each of which gets a given name, or several for a household.
 * @param {Model} givenModel
 * @param {Model} familyModel
 * @param {SearchRequest & {household: number}} request whose label is that of the people
 */
function searchPeople(givenModel, familyModel, request) {
  const people = new People(givenModel, familyModel, request);
  // Irish people, for example, have the family names of another origin too.
  const labels = [request.label];
  if (request.label !== null && people.otherOrigin !== null) {
    const [, ...otherParts] = splitLabel(request.label);
    labels.push(joinLabel([people.otherOrigin, ...otherParts]));
  }
  return new Search(familyModel, request, {
    labels,
    accepts: ({ label }) => people.givenNameFor(label, 0) !== undefined,
    describe: (familyName) => people.describe(familyName),
  });
}

/** Combines given names with family names. */
class People {
  /**
   * @param {Model} givenModel
   * @param {Model} familyModel
   * @param {SearchRequest & {household: number}} request
   */
  constructor(givenModel, familyModel, request) {
    const partsOf = (/** @type {Model} */ model) => splitLabels(model.startTokens.map(({ label }) => label ?? ""));
    this.givenModel = givenModel;
    this.familyModel = familyModel;
    this.request = request;
    this.givenLabels = partsOf(givenModel);
    this.familyLabels = partsOf(familyModel);
    this.requestedParts = splitLabel(request.label ?? "");
    /** The other origin whose family names the requested people have. @type {string | null} */
    this.otherOrigin = familyModel.description.also_named_like[this.requestedParts[0]] ?? null;
    /** The searches for given names, by label. @type {Map<string, Search>} */
    this.searches = new Map();
    /** How many given names of each label are used. @type {Map<string, number>} */
    this.usedNames = new Map();
  }

  /**
   * Return the name of a person, or the names of a household, and their label.
   * @param {DrawnName} familyName
   */
  describe({ text, label }) {
    const { household, letterCase } = this.request;
    const givenLabel = this.#givenLabelFor(label);
    const [origin, requestedGender] = splitLabel(givenLabel);
    const hasGender = Boolean(this.familyLabels[label][GENDER_PART]); // then its form is right already
    let gender = "";
    const persons = Array.from({ length: household }, () => {
      const used = this.usedNames.get(givenLabel) ?? 0;
      this.usedNames.set(givenLabel, used + 1);
      const given = this.givenNameFor(label, used);
      gender = requestedGender || this.givenLabels[given.label][GENDER_PART];
      // Some languages have a special form of family names for women.
      const rules = gender === "female" && !hasGender ? (this.familyModel.description.forms[origin] ?? "") : "";
      const names = [given.text, toFemaleForm(text, rules)];
      return names.map((name) => writeInCase(name, letterCase ?? "original", this.familyModel.normalizer)).join(" ");
    });
    return { name: persons.join(", "), label: household === 1 ? joinLabel([origin, gender]) : origin };
  }

  /**
   * Return a given name that goes with a family name: a name of the list whose n-grams all occur in names with the same
   * label. If there are too few, return the earlier ones again.
   * @param {number} familyLabel the index of the family name's label
   * @param {number} index
   * @returns {FoundName} undefined if there are none
   */
  givenNameFor(familyLabel, index) {
    const { givenModel } = this;
    const label = this.#givenLabelFor(familyLabel);
    const { n, household, seed } = this.request;
    const request = {
      ...defaultRequest(),
      n: n * household,
      seed: (seed + Math.imul(familyLabel + 1, 0x9e3779b9)) >>> 0,
      temperature: GIVEN_TEMPERATURE,
      label,
      allowSeen: true,
      unfiltered: true,
    };
    const accepts = (/** @type {Prefix} */ name, /** @type {boolean | null} */ isNew) =>
      isNew === false && (givenModel.scorer === null || givenModel.scorer.missingInName(name) === 0);
    const search = this.searches.get(label) ?? new Search(givenModel, request, { accepts });
    this.searches.set(label, search);
    search.run({ count: index + 1 });
    return search.names[index % search.names.length];
  }

  /**
   * Return the label of given names that go with a family name. The reader's choice fills the parts that the family
   * name's label leaves empty, such as the gender.
   * @param {number} familyLabel the index of the family name's label
   */
  #givenLabelFor(familyLabel) {
    const parts = [...this.familyLabels[familyLabel]];
    const { requestedParts } = this;
    if (parts[0] === this.otherOrigin) [parts[0]] = requestedParts;
    const filled = parts.map((part, k) => {
      if (part || requestedParts.length === parts.length) return part || requestedParts[k];
      const isValueOfPart = this.givenLabels.some((given) => given[k] === requestedParts[0]);
      return isValueOfPart ? requestedParts[0] : "";
    });
    return joinLabel(filled);
  }
}

/**
 * Apply the first rule that fits the end of a name.
 * @param {string} name
 * @param {string} rules such as "ski>ska ý>á": the man's ending, a regular expression, and the woman's
 */
function toFemaleForm(name, rules) {
  for (const rule of rules.split(" ").filter(Boolean)) {
    const [maleEnding, femaleEnding] = rule.split(">");
    const pattern = new RegExp(`${maleEnding}$`, "u");
    if (maleEnding !== "" && pattern.test(name)) return name.replace(pattern, femaleEnding.replaceAll("\\", "$"));
  }
  return name;
}

/**
 * Add people to the models, if the page has both models: next to them, with the labels of given names that family names
 * have too.
 */
function addPeople() {
  const given = descriptions.find(({ name }) => name === GIVEN_MODEL);
  const family = descriptions.find(({ name }) => name === FAMILY_MODEL);
  if (given === undefined || family === undefined) return;
  const familyLabels = family.metadata.labels.map(({ name }) => name);
  const labels = given.metadata.labels.filter(({ name }) => findLabels(name, familyLabels).length > 0);
  const first = Math.min(descriptions.indexOf(given), descriptions.indexOf(family));
  const people = { ...family, name: "people", title: "People of the world", parts: [given, family], labels };
  descriptions.splice(first, 0, people);
}
