// People, where a page has given names and family names of the world: a family name that is new, and before it a given
// name of the list, which real people have, of the same label.

const TEMPERATURE_OF_GIVEN = 0.7; // above, names of another label turn up, which are in the list as well
const PARTS_OF_PEOPLE = ["world-given", "world-family"];

/** A search for people: the family names of a search, each with a given name. */
class PeopleSearch extends Search {
  /** `wish`: of the family names; its label is that of the people. */
  constructor(given, family, wish) {
    super(family, { ...wish, letterCase: "as-learned" }); // which comes last, as a woman's form is of a name as learned
    Object.assign(this, { given, family, letterCase: wish.letterCase });
    this.labels = [given, family].map(({ starts }) => partsOfLabels(starts.map(({ label }) => label ?? "")));
    this.givenSearches = new Map(); // by the label that is asked for
  }

  tryOnce() {
    super.tryOnce();
    const one = this.found.at(-1);
    if (!one || one.given !== undefined) return;
    const { label } = this.wish;
    const asked = this.labelFor(this.labels[1][one.start], label === null ? [] : splitParts(label));
    const given = this.givenFor(one.start, asked);
    one.given = given?.name ?? "";
    if (!given) return void this.found.pop(); // its origin has no given names
    const [origin, gender] = splitParts(asked);
    const family = this.formOf(one, origin, gender || this.labels[0][given.start][1]);
    one.name = [one.given, family].map((part) => written(part, this.letterCase, this.model.normaliser)).join(" ");
  }

  /** A family name as somebody of this origin and gender has it. */
  formOf({ name, start }, origin, gender) {
    if (gender !== "female" || this.labels[1][start][1]) return name; // or it is a woman's already
    const rules = (this.family.description.forms[origin] ?? "").split(" ").map((rule) => rule.split(">"));
    const [ending, woman] = rules.find(([man]) => man && new RegExp(`${man}$`, "u").test(name)) ?? ["$", ""];
    return name.replace(new RegExp(`${ending}$`, "u"), woman.replaceAll("\\", "$"));
  }

  /** The next given name for a family name's beginning; once there are no more, an earlier one. */
  givenFor(start, asked) {
    if (!this.givenSearches.has(asked)) {
      const usual = { first: "", shortest: 1, longest: usualLongest(this.given), choose: EVERY_NAME };
      const own = { seed: (this.wish.seed + Math.imul(start + 1, 0x9e3779b9)) >>> 0, temperature: TEMPERATURE_OF_GIVEN };
      const of = { n: this.wish.n, label: asked, onlySeen: true, letterCase: "as-learned" };
      this.givenSearches.set(asked, Object.assign(new Search(this.given, { ...usual, ...own, ...of }), { used: 0 }));
    }
    const search = this.givenSearches.get(asked);
    while (!search.done && search.found.length <= search.used) search.tryOnce();
    const place = search.used++ % Math.max(1, search.found.length);
    return search.found[place];
  }

  /** The label of a family name; what it leaves open, such as the gender, is as somebody wishes. */
  labelFor(parts, wished) {
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
  const familyLabels = family.record.labels.map(({ name }) => name);
  const labels = given.record.labels.filter(({ name }) => meantLabels(name, familyLabels).length > 0);
  return [{ ...family, name: "people", title: "People", parts: [given, family], labels }];
}
