// People: a new family name, and a real given name from the list with the same label. A page offers them if it has the
// models of both.

const GIVEN_TEMPERATURE = 0.7; // at higher temperatures, names of other labels turn up, which are in the list as well
const GIVEN_MODEL = "world-given";
const FAMILY_MODEL = "world-family";
const GENDER_PART = 1; // the index of the gender among the parts of a label

/** A search for given names of the list whose n-grams all occur in names with the same label. */
class GivenNameSearch extends Search {
  /**
   * @param {NameSource} model
   * @param {SearchRequest} request
   */
  constructor(model, request) {
    super(model, request);
    this.usedNames = 0;
  }

  /**
   * @param {Prefix} name
   * @param {boolean | null} isNew
   */
  isWanted(name, isNew) {
    const hasKnownNgrams = this.model.scorer === null || name.missingInName === 0;
    return isNew === false && hasKnownNgrams;
  }

  /** Return whether there is a name at all. */
  findsNames() {
    this.#searchFor(1);
    return this.names.length > 0;
  }

  /** Return the next name. If there are no more names, return the earlier ones again. */
  nextName() {
    this.#searchFor(this.usedNames + 1);
    const index = this.usedNames % this.names.length;
    this.usedNames += 1;
    return this.names[index];
  }

  /** @param {number} count */
  #searchFor(count) {
    while (!this.isDone && this.names.length < count) this.tryOnce();
  }
}

/** A search for people: a search for family names, each of which gets a given name. */
class PeopleSearch extends Search {
  /**
   * @param {Model} givenModel
   * @param {Model} familyModel
   * @param {SearchRequest} request for the family names; its label is that of the people
   */
  constructor(givenModel, familyModel, request) {
    super(familyModel, request);
    this.givenModel = givenModel;
    this.familyModel = familyModel;
    this.givenLabels = labelPartsOf(givenModel);
    this.familyLabels = labelPartsOf(familyModel);
    /** By label. @type {Map<string, GivenNameSearch>} */
    this.givenSearches = new Map();
  }

  /** Return the requested label, and that of the other origin whose family names these people have. */
  requestedLabels() {
    const { label = null } = this.request;
    const otherOrigin = otherFamilyOrigin(this.model, label);
    if (label === null || otherOrigin === null) return [label];
    const [, ...otherParts] = splitLabel(label);
    return [label, joinLabel([otherOrigin, ...otherParts])];
  }

  /**
   * Return whether there are given names for a family name.
   * @param {Prefix} name
   */
  isWanted({ label }) {
    return this.#givenSearchFor(label).findsNames();
  }

  /**
   * @param {DrawnName} familyName
   * @returns {FoundName}
   */
  present(familyName) {
    const given = this.#givenSearchFor(familyName.label).nextName();
    const [origin, gender] = splitLabel(this.#givenLabelFor(familyName.label));
    const genderOfGiven = this.givenLabels[given.start][GENDER_PART];
    const family = this.#familyNameFor(gender || genderOfGiven, origin, familyName);
    const letterCase = this.request.letterCase ?? "original";
    const names = [given.name, family].map((name) => writeInCase(name, letterCase, this.model.normalizer));
    return { ...super.present(familyName), name: names.join(" "), given: given.name };
  }

  /**
   * Return a family name in the form for a gender. Some languages have a special form for women.
   * @param {string} gender
   * @param {string} origin
   * @param {DrawnName} familyName
   */
  #familyNameFor(gender, origin, { text, label }) {
    const hasGender = Boolean(this.familyLabels[label][GENDER_PART]);
    if (gender !== "female" || hasGender) return text;
    return toFemaleForm(text, this.familyModel.description.forms[origin] ?? "");
  }

  /** @param {number} familyLabel the index of the family name's label */
  #givenSearchFor(familyLabel) {
    const label = this.#givenLabelFor(familyLabel);
    let search = this.givenSearches.get(label);
    if (search === undefined) {
      search = new GivenNameSearch(this.givenModel, this.#givenRequest(label, familyLabel));
      this.givenSearches.set(label, search);
    }
    return search;
  }

  /**
   * @param {string} label
   * @param {number} familyLabel which the seed depends on
   * @returns {SearchRequest}
   */
  #givenRequest(label, familyLabel) {
    return {
      n: this.request.n,
      seed: (this.request.seed + Math.imul(familyLabel + 1, 0x9e3779b9)) >>> 0,
      temperature: GIVEN_TEMPERATURE,
      label,
      first: "",
      shortest: 1,
      longest: defaultLengths(this.givenModel, false).longest,
      onlyNew: false,
      unfiltered: true,
      letterCase: "original",
    };
  }

  /**
   * Return the label of given names that go with a family name. The reader's choice fills the parts that the family
   * name's label leaves empty, such as the gender.
   * @param {number} familyLabel the index of the family name's label
   */
  #givenLabelFor(familyLabel) {
    const parts = [...this.familyLabels[familyLabel]];
    const { label = null } = this.request;
    if (label !== null && parts[0] === otherFamilyOrigin(this.model, label)) [parts[0]] = splitLabel(label);
    return joinLabel(parts.map((part, k) => part || this.#requestedPart(k, parts.length)));
  }

  /**
   * Return a part of the requested label; "" if the reader hasn't chosen it.
   * @param {number} index of the part
   * @param {number} count of the parts
   */
  #requestedPart(index, count) {
    const { label } = this.request;
    if (label === null || label === undefined) return "";
    const requested = splitLabel(label);
    if (requested.length === count) return requested[index];
    const isValueOfPart = this.givenLabels.some((parts) => parts[index] === requested[0]);
    return isValueOfPart ? requested[0] : "";
  }
}

/**
 * Return the other origin whose family names the requested people have too, as Irish people have English ones.
 * @param {NameSource} model of the family names
 * @param {string | null} label of the people
 * @returns {string | null}
 */
function otherFamilyOrigin(model, label) {
  const [origin] = splitLabel(label ?? "");
  return model.parts[0].description.also_named_like[origin] ?? null;
}

/** @param {Model} model */
function labelPartsOf(model) {
  return splitLabels(model.startTokens.map(({ label }) => label ?? ""));
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
