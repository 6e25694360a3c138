// People: a new family name, and a real given name from the list with the same label. A page offers them if it has the
// models of both.

const GIVEN_TEMPERATURE = 0.7; // at higher temperatures, names of other labels turn up, which are in the list as well
const GIVEN_MODEL = "world-given";
const FAMILY_MODEL = "world-family";
const GENDER_PART = 1; // the index of the gender among the parts of a label

/**
 * Start a search for people: a search for family names, each of which gets a given name.
 * @param {Model} givenModel
 * @param {Model} familyModel
 * @param {SearchRequest} request for the family names; its label is that of the people
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
    accepts: ({ label }) => people.givenNamesFor(label).findsNames(),
    write: (familyName) => people.write(familyName),
  });
}

/** Given names of the list whose n-grams all occur in names with the same label. */
class GivenNames {
  /**
   * @param {Model} model
   * @param {SearchRequest} request
   */
  constructor(model, request) {
    this.search = new Search(model, request, {
      accepts: (name, isNew) => isNew === false && (model.scorer === null || name.missingInName === 0),
    });
    this.usedNames = 0;
  }

  /** Return whether there is a name at all. */
  findsNames() {
    this.#searchFor(1);
    return this.search.names.length > 0;
  }

  /** Return the next name. If there are no more names, return the earlier ones again. */
  nextName() {
    this.usedNames += 1;
    this.#searchFor(this.usedNames);
    const { names } = this.search;
    return names[(this.usedNames - 1) % names.length];
  }

  /** @param {number} count */
  #searchFor(count) {
    while (!this.search.isDone && this.search.names.length < count) this.search.tryOnce();
  }
}

/** Combines given names with family names. */
class People {
  /**
   * @param {Model} givenModel
   * @param {Model} familyModel
   * @param {SearchRequest} request
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
    /** By label. @type {Map<string, GivenNames>} */
    this.givenNames = new Map();
  }

  /**
   * Write a family name with a given name.
   * @param {DrawnName} familyName
   */
  write({ text, label }) {
    const given = this.givenNamesFor(label).nextName();
    const [origin, requestedGender] = splitLabel(this.#givenLabelFor(label));
    const gender = requestedGender || this.givenLabels[given.label][GENDER_PART];
    // Some languages have a special form of family names for women. The first rule that fits applies.
    const hasGender = Boolean(this.familyLabels[label][GENDER_PART]);
    const rules = gender === "female" && !hasGender ? (this.familyModel.description.forms[origin] ?? "") : "";
    const family = toFemaleForm(text, rules);
    const letterCase = this.request.letterCase ?? "original";
    return [given.name, family].map((name) => writeInCase(name, letterCase, this.familyModel.normalizer)).join(" ");
  }

  /**
   * Return the given names that go with a family name.
   * @param {number} familyLabel the index of the family name's label
   */
  givenNamesFor(familyLabel) {
    const label = this.#givenLabelFor(familyLabel);
    let names = this.givenNames.get(label);
    if (names === undefined) {
      names = new GivenNames(this.givenModel, {
        ...defaultRequest(),
        n: this.request.n,
        seed: (this.request.seed + Math.imul(familyLabel + 1, 0x9e3779b9)) >>> 0,
        temperature: GIVEN_TEMPERATURE,
        label,
        allowSeen: true,
        unfiltered: true,
        letterCase: "original",
      });
      this.givenNames.set(label, names);
    }
    return names;
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
 * Return the description of people, if the page has both models: that of the family names, with the labels of given
 * names that family names have too.
 * @param {PageDescription[]} descriptions
 * @returns {PageDescription[]}
 */
function describePeople(descriptions) {
  const given = descriptions.find(({ name }) => name === GIVEN_MODEL);
  const family = descriptions.find(({ name }) => name === FAMILY_MODEL);
  if (given === undefined || family === undefined) return [];
  const familyLabels = family.metadata.labels.map(({ name }) => name);
  const labels = given.metadata.labels.filter(({ name }) => findLabels(name, familyLabels).length > 0);
  return [{ ...family, name: "people", title: "People of the world", parts: [given, family], labels }];
}
