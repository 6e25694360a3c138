// People, where a page has given names and family names of the world: a family name that is new, and before it a given
// name of the list, which real people have, of the same label.

const TEMPERATURE_OF_GIVEN = 0.7; // above, names of another label turn up, which are in the list as well
const PARTS_OF_PEOPLE = ["world-given", "world-family"];

/** A search for given names of the list whose n-grams are all known for their label. */
class GivenSearch extends Search {
  isWanted(last, isNew) {
    return isNew === false && (!this.model.scorer || last.missingAtEnd === 0);
  }
}

/** A search for people: the family names of a search, each with a given name. */
class PeopleSearch extends Search {
  /** `request`: of the family names; its label is that of the people. */
  constructor(given, family, request) {
    super(family, request);
    Object.assign(this, { given, family });
    this.labels = [given, family].map(({ starts }) => partsOfLabels(starts.map(({ label }) => label ?? "")));
    this.givenSearches = new Map(); // by the label that is asked for
  }

  /** A family name of an origin that has given names. */
  isWanted({ label }) {
    const search = this.givenSearchFor(label);
    while (!search.done && search.found.length === 0) search.tryOnce();
    return search.found.length > 0;
  }

  /** The person. */
  shown(family) {
    const { letterCase } = this.request;
    const given = this.nextGiven(family.label);
    const [origin, gender] = splitParts(this.labelFor(family.label));
    const form = this.formOf(family, origin, gender || this.labels[0][given.start][1]);
    const parts = [given.name, form].map((part) => written(part, letterCase, this.model.normalizer));
    return { ...super.shown(family), name: parts.join(" "), given: given.name };
  }

  /** A family name as somebody of this origin and gender has it. */
  formOf({ text, label }, origin, gender) {
    if (gender !== "female" || this.labels[1][label][1]) return text; // or it is a woman's already
    const rules = (this.family.description.forms[origin] ?? "").split(" ").map((rule) => rule.split(">"));
    const [ending, woman] = rules.find(([man]) => man && new RegExp(`${man}$`, "u").test(text)) ?? ["$", ""];
    return text.replace(new RegExp(`${ending}$`, "u"), woman.replaceAll("\\", "$"));
  }

  /** The next given name for a family name's label; once there are no more, an earlier one. */
  nextGiven(label) {
    const search = this.givenSearchFor(label);
    while (!search.done && search.found.length <= search.used) search.tryOnce();
    const place = search.used++ % search.found.length;
    return search.found[place];
  }

  givenSearchFor(label) {
    const asked = this.labelFor(label);
    if (!this.givenSearches.has(asked)) {
      const { longest } = usualLengths(this.given, false);
      const usual = { first: "", shortest: 1, longest, onlyNew: false, unfiltered: true, letterCase: "original" };
      const seed = (this.request.seed + Math.imul(label + 1, 0x9e3779b9)) >>> 0;
      const own = { n: this.request.n, seed, temperature: TEMPERATURE_OF_GIVEN, label: asked };
      this.givenSearches.set(asked, Object.assign(new GivenSearch(this.given, { ...usual, ...own }), { used: 0 }));
    }
    return this.givenSearches.get(asked);
  }

  /** The label of the given name; what the family name's leaves open, such as the gender, is as somebody requests. */
  labelFor(label) {
    const parts = this.labels[1][label];
    const wished = this.request.label === null ? [] : splitParts(this.request.label);
    const isOf = (k) => this.labels[0].some((label) => label[k] === wished[0]);
    const open = (k) => (wished.length === parts.length ? wished[k] : isOf(k) ? wished[0] : "");
    const filled = parts.map((part, k) => part || open(k));
    const quoted = (part) => (/[",]/.test(part) ? `"${part.replaceAll('"', '""')}"` : part);
    return filled.length === 1 ? filled[0] : filled.map(quoted).join(",");
  }
}

/** What a page says of people: that of their family names, and the labels of given names that those have, too. */
function describedPeople(descriptions) {
  const [given, family] = PARTS_OF_PEOPLE.map((name) => descriptions.find((one) => one.name === name));
  if (!given || !family) return [];
  const familyLabels = family.metadata.labels.map(({ name }) => name);
  const labels = given.metadata.labels.filter(({ name }) => meantLabels(name, familyLabels).length > 0);
  return [{ ...family, name: "people", title: "People", parts: [given, family], labels }];
}
