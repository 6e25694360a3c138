// What is asked for, from the page's address and back, and the model that answers it.

const MOST_NAMES = 1000;
const LARGEST_SEED = 2 ** 32 - 1;
const TEXTS = ["first", "contains", "ends"];
const MOST_LETTERS = 40; // of such a text

const descriptions = JSON.parse(byId("models-data").textContent);
const models = new Map(); // by name, made when first asked for
const blends = new Map(); // by what they are made of; the last few
/**
 * {model, label, other, otherLabel, share, n, seed, temperature, first, contains, ends, shortest, longest, onlyNew}.
 * label: null for any. other: a second model's name, or null. share: how much it is heard, from 0 to 100.
 */
const wish = {};

const descriptionOf = (name) => descriptions.find((description) => description.name === name);

function modelOf(name) {
  if (!models.has(name)) models.set(name, new Model(descriptionOf(name)));
  return models.get(name);
}

/** Two models, the second heard by a share of 0 to 100; a model of labelled names with a label. */
function blendOf(name, label, other, otherLabel, share) {
  const key = JSON.stringify([name, label, other, otherLabel, share]);
  if (!blends.has(key)) {
    if (blends.size >= 4) blends.delete(blends.keys().next().value); // the oldest: each holds what it has read
    const blend = new Blend([
      { model: modelOf(name), label, weight: 1 - share / 100 },
      { model: modelOf(other), label: otherLabel, weight: share / 100 },
    ]);
    blends.set(key, blend);
  }
  return blends.get(key);
}

/** The models that are asked for: their descriptions. */
function chosen({ model, other }) {
  return (other === null ? [model] : [model, other]).map(descriptionOf);
}

/** The model of a blend that needs a label first, as its names begin behind one; null where none does. */
function unlabelled({ model, label, other, otherLabel }) {
  if (other === null) return null;
  if (label === null && descriptionOf(model).labels.length) return descriptionOf(model);
  return otherLabel === null && descriptionOf(other).labels.length ? descriptionOf(other) : null;
}

/** What names are drawn from. */
function sourceOf({ model, label, other, otherLabel, share }) {
  return other === null ? modelOf(model) : blendOf(model, label, other, otherLabel, share);
}

/** As api/blending.py has it: a blend is as daring as its most daring model, its names as long as the longest. */
function defaults(model, other = null) {
  const most = (key) => Math.max(...chosen({ model, other }).map((description) => description[key]));
  const blend = { other, otherLabel: null, share: 50 };
  const texts = { first: "", contains: "", ends: "" };
  const lengths = { shortest: 1, longest: most("longest") };
  return { model, label: null, ...blend, n: 20, temperature: most("temperature"), ...texts, ...lengths, onlyNew: true };
}

/** No longer than a field takes, and without half a character (of two code units) at the end. */
const cut = (text) => text.slice(0, MOST_LETTERS).replace(/[\ud800-\udbff]$/, "");

/** `#seed=7&n=50&…`: what is left out, or makes no sense, is as usual. Without a seed, one is chosen. */
function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const known = (name) => descriptionOf(name) !== undefined;
  const model = known(given.get("model")) ? given.get("model") : descriptions[0].name;
  const other = known(given.get("with")) && given.get("with") !== model ? given.get("with") : null;
  const usual = defaults(model, other);
  const number = (key, least, most, fallback) => {
    const text = given.get(key);
    const value = text === null || text.trim() === "" ? NaN : Number(text);
    return value >= least && value <= most ? value : fallback;
  };
  const whole = (...wanted) => Math.floor(number(...wanted));
  const labelOf = (name, key) => {
    const labels = name === null ? [] : descriptionOf(name).labels;
    return labels.some((label) => label.name === given.get(key)) ? given.get(key) : null;
  };
  return {
    ...usual,
    label: labelOf(model, "label"),
    otherLabel: labelOf(other, "withlabel"),
    share: whole("share", 0, 100, usual.share),
    seed: whole("seed", 0, LARGEST_SEED, newSeed()),
    n: whole("n", 1, MOST_NAMES, usual.n),
    temperature: number("temperature", 0, 2, usual.temperature),
    ...Object.fromEntries(TEXTS.map((key) => [key, cut(given.get(key) ?? "")])),
    shortest: whole("shortest", 1, 1000, usual.shortest),
    longest: whole("longest", 1, 1000, usual.longest),
    onlyNew: given.get("new") !== "any",
  };
}

/** The address of these names: the seed, and all that is not as usual. */
function address() {
  const usual = defaults(wish.model, wish.other);
  const parts = new URLSearchParams({ seed: wish.seed });
  if (descriptions.length > 1) parts.set("model", wish.model);
  if (wish.label !== null) parts.set("label", wish.label);
  if (wish.other !== null) parts.set("with", wish.other);
  if (wish.otherLabel !== null) parts.set("withlabel", wish.otherLabel);
  for (const key of ["share", "n", "temperature", ...TEXTS, "shortest", "longest"]) {
    if (wish[key] !== usual[key] && (key !== "share" || wish.other !== null)) parts.set(key, wish[key]);
  }
  if (!wish.onlyNew) parts.set("new", "any");
  return `#${parts}`;
}

/** Other models: what was as usual is as usual for those; their labels and all texts begin anew where the model does. */
function turnTo(model, other) {
  const before = defaults(wish.model, wish.other);
  const after = defaults(model, other === model ? null : other);
  const stays = { n: wish.n, onlyNew: wish.onlyNew, share: wish.share };
  if (wish.temperature !== before.temperature) stays.temperature = wish.temperature;
  if (model === wish.model) {
    for (const key of ["label", "shortest", ...TEXTS]) stays[key] = wish[key];
    if (wish.longest !== before.longest) stays.longest = wish.longest;
  }
  if (after.other === wish.other) stays.otherLabel = wish.otherLabel;
  Object.assign(wish, after, stays);
}
