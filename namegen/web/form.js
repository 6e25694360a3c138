// What is asked for: in the page's address, in the form's controls, and the model that answers it.

// ---- small things that every part of the page uses; texts of a model are placed as text, never as markup ----


const byId = (id) => document.getElementById(id);

/** A new element with these properties and children (elements or texts). */
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Say something to those who listen to the page, also what was said last. */
function announce(text) {
  const again = byId("status").textContent === text;
  byId("status").textContent = again ? `${text}\u00a0` : text;
}

/** Whether the reader has asked for less motion. */
function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Bring a heading into view, and the focus to it. */
function goTo(heading) {
  heading.scrollIntoView({ behavior: calm() ? "auto" : "smooth", block: "start" });
  heading.focus({ preventScroll: true });
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Some browsers keep the clipboard from pages that were opened from a disk; the old way still works there.
    const area = element("textarea", { value: text, readOnly: true, className: "hidden" });
    document.body.append(area);
    const focused = document.activeElement;
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    focused?.focus();
    return done;
  }
}

/** Show something at a button for a moment: a class of its own. */
function flash(button, kind) {
  button.classList.add(kind);
  clearTimeout(button.timer);
  button.timer = setTimeout(() => button.classList.remove("copied", "not-copied", "saved"), 1400);
}

/** Copy, and show and say so for a moment. */
async function copyAndTell(button, text, said) {
  const done = await copyText(text);
  announce(done ? said : "The browser did not let the page copy.");
  flash(button, done ? "copied" : "not-copied");
}

/** A title as the name of a file: letters and digits of any script, with hyphens between. */
function fileName(title) {
  const words = title.normalize("NFC").toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? ["names"];
  return `${[...words.join("-")].slice(0, 80).join("")}.txt`;
}

/** Give the names to the reader as a text file, one a line, and say so. */
function downloadAndTell(button, names, title) {
  const address = URL.createObjectURL(new Blob(names.map((name) => `${name}\n`), { type: "text/plain;charset=utf-8" }));
  element("a", { href: address, download: fileName(title) }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it after the click
  announce(`Saved ${countOf(names.length, "name")} as ${fileName(title)}`);
  flash(button, "saved");
}

// ---- settings, from the address and back ----

const MOST_NAMES = 1000;
const LARGEST_SEED = 2 ** 32 - 1;
const TEXTS = ["first", "contains", "ends"];
const MOST_LETTERS = 40; // of such a text

const descriptions = JSON.parse(byId("models-data").textContent);
const models = new Map(); // by name, made when first asked for
const blends = new Map(); // by what they are made of; the last few
/**
 * {model, label, other, otherLabel, share, n, seed, unfiltered, temperature, first, contains, ends, shortest, longest,
 * onlyNew, letterCase}. label: null for any. other: a second model's name, or null. share: how much it is heard, from 0 to 100.
 */
const request = {};

const descriptionOf = (name) => descriptions.find((description) => description.name === name);
const wholeLabels = (name) => (name === null ? [] : (descriptionOf(name).labels ?? descriptionOf(name).metadata.labels));
const labelChoices = new Map(); // by the model's name

/** What can be chosen of a model's labels, as [{name, names}]: of several parts the values of each part, then wholes. */
function labelsOf(model) {
  if (!labelChoices.has(model)) {
    const labels = wholeLabels(model);
    const sums = new Map();
    partsOfLabels(labels.map(({ name }) => name)).forEach((parts, k) => {
      const values = parts.length > 1 ? new Set(parts) : [];
      for (const value of values) if (value) sums.set(value, (sums.get(value) ?? 0) + labels[k].names);
    });
    labelChoices.set(model, [...[...sums].map(([name, names]) => ({ name, names })), ...labels]);
  }
  return labelChoices.get(model);
}

function modelOf(name) {
  if (!models.has(name)) {
    const model = new Model(descriptionOf(name));
    model.scorer?.check(); // throws if its data are damaged
    models.set(name, model);
  }
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

/** What is asked for: one description, or two of a blend. */
const asked = ({ model, other }) => (other === null ? [model] : [model, other]).map(descriptionOf);

/** The models that are asked for: their descriptions; of people two. */
function chosen(wanted) {
  return asked(wanted).flatMap((description) => description.parts ?? description);
}

/** The model of a blend that needs a whole label first, as its names begin behind one; null where none does. */
function unlabelled({ model, label, other, otherLabel }) {
  if (other === null) return null;
  const lacks = (name, asked) => wholeLabels(name).length && !wholeLabels(name).some((one) => one.name === asked);
  if (lacks(model, label)) return descriptionOf(model);
  return lacks(other, otherLabel) ? descriptionOf(other) : null;
}

/** The search for what is asked for. */
function searchFor(request) {
  const { parts } = descriptionOf(request.model);
  if (parts) return new PeopleSearch(...parts.map(({ name }) => modelOf(name)), request);
  if (request.other === null) return new Search(modelOf(request.model), request);
  const blend = blendOf(request.model, request.label, request.other, request.otherLabel, request.share);
  return new Search(blend, { ...request, label: null }); // its parts have read their own
}

/** Whether new names can be filtered: a blend has no rules to score its names by. */
const mayFilter = ({ model, other }) => other === null && canFilter(descriptionOf(model));

/** As `namegen.blend` has it: the names of a blend are as long as those of the model that has the longest. */
function defaults(model, other = null, unfiltered = false) {
  const drawing = { n: 20, unfiltered, temperature: 1 };
  const blend = { other, otherLabel: null, share: 50 };
  const texts = { first: "", contains: "", ends: "" };
  const isFiltered = !unfiltered && mayFilter({ model, other });
  const usual = asked({ model, other }).map((description) => usualLengths(description, isFiltered));
  const shortest = Math.min(...usual.map((lengths) => lengths.shortest));
  const longest = Math.max(...usual.map((lengths) => lengths.longest));
  const letterCase = other === null && descriptionOf(model).metadata.endings.length ? "title" : "original";
  return { model, label: null, ...blend, ...drawing, ...texts, shortest, longest, onlyNew: true, letterCase };
}

/** No longer than a field takes, and without half a character (of two code units) at the end. */
const cut = (text) => text.slice(0, MOST_LETTERS).replace(/[\ud800-\udbff]$/, "");

/** `#seed=7&n=50&…`: what is left out, or makes no sense, is as usual. Without a seed, one is chosen. */
function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const known = (name) => descriptionOf(name) !== undefined;
  const blends = (...names) => names.every((name) => known(name) && !descriptionOf(name).parts);
  const model = known(given.get("model")) ? given.get("model") : descriptions[0].name;
  const other = blends(model, given.get("with")) && given.get("with") !== model ? given.get("with") : null;
  const usual = defaults(model, other, given.get("unfiltered") === "1");
  const number = (key, least, most, fallback) => {
    const text = given.get(key);
    const value = text === null || text.trim() === "" ? NaN : Number(text);
    return value >= least && value <= most ? value : fallback;
  };
  const whole = (...wanted) => Math.floor(number(...wanted));
  const labelOf = (name, key) => (labelsOf(name).some((label) => label.name === given.get(key)) ? given.get(key) : null);
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
    letterCase: LETTER_CASES.includes(given.get("case")) ? given.get("case") : usual.letterCase,
  };
}

/** The address of these names: the seed, and all that is not as usual. */
function address() {
  const usual = defaults(request.model, request.other, request.unfiltered);
  const parts = new URLSearchParams({ seed: request.seed });
  if (descriptions.length > 1) parts.set("model", request.model);
  if (request.label !== null) parts.set("label", request.label);
  if (request.other !== null) parts.set("with", request.other);
  if (request.otherLabel !== null) parts.set("withlabel", request.otherLabel);
  if (request.unfiltered && mayFilter(request)) parts.set("unfiltered", 1);
  for (const key of ["share", "n", "temperature", ...TEXTS, "shortest", "longest"]) {
    if (request[key] !== usual[key] && (key !== "share" || request.other !== null)) parts.set(key, request[key]);
  }
  if (!request.onlyNew) parts.set("new", "any");
  if (request.letterCase !== usual.letterCase) parts.set("case", request.letterCase);
  return `#${parts}`;
}

/**
 * Other models, or another choice between filtered and unfiltered names: what was as usual is as usual for those. Labels,
 * texts and lengths begin again with another model.
 */
function turnTo(model, other, unfiltered = request.unfiltered) {
  const before = defaults(request.model, request.other, request.unfiltered);
  const after = defaults(model, other === model ? null : other, unfiltered);
  const stays = { n: request.n, temperature: request.temperature, onlyNew: request.onlyNew, share: request.share };
  if (request.letterCase !== before.letterCase) stays.letterCase = request.letterCase;
  if (model === request.model) {
    for (const key of ["label", ...TEXTS]) stays[key] = request[key];
    for (const key of ["shortest", "longest"]) if (request[key] !== before[key]) stays[key] = request[key];
  }
  if (after.other === request.other) stays.otherLabel = request.otherLabel;
  Object.assign(request, after, stays);
}

// ---- the form ----

const MANY_LABELS = 40; // from here on a field narrows the choice

/** Put the settings into the form's controls. */
function fillForm() {
  byId("unfiltered").checked = request.unfiltered;
  byId("unfiltered-field").hidden = !mayFilter(request);
  for (const key of ["n", "temperature", ...TEXTS, "shortest", "longest", "seed", "share"]) {
    if (byId(key).value !== String(request[key])) byId(key).value = request[key];
  }
  byId("case").value = request.letterCase;
  byId("only-new").checked = request.onlyNew;
  byId("only-new-field").hidden = chosen(request).some(({ metadata }) => metadata.known_names === null);
  for (const radio of byId("models").querySelectorAll("input")) radio.checked = radio.value === request.model;
  fillLabels("label", request.model, request.label);
  fillLabels("other-label", request.other, request.otherLabel);
  fillOthers();
  showValues();
}

/** Take from the form what is valid; a field that is being emptied or mistyped keeps its old value for now. */
function readForm() {
  for (const key of ["n", "temperature", "shortest", "longest", "seed", "share"]) {
    const field = byId(key);
    const usable = field.value !== "" && field.checkValidity();
    field.toggleAttribute("aria-invalid", !usable);
    if (usable) request[key] = Number(field.value);
  }
  for (const key of TEXTS) request[key] = byId(key).value;
  request.letterCase = byId("case").value;
  request.onlyNew = byId("only-new").checked;
  request.label = labelChosen("label", request.model);
  request.otherLabel = labelChosen("other-label", request.other);
  showValues();
}

function showValues() {
  byId("temperature-value").textContent = request.temperature.toFixed(2);
  byId("share-value").textContent = `${request.share}\u00a0%`;
  byId("share").setAttribute("aria-valuetext", `${request.share}\u00a0%`);
  if (request.other === null) return;
  byId("share-first").textContent = descriptionOf(request.model).title;
  byId("share-other").textContent = descriptionOf(request.other).title;
}

// ---- labels: each option's value is its place among the model's ----

function labelChosen(id, modelName) {
  const { value } = byId(id);
  return value === "" || modelName === null ? null : labelsOf(modelName)[value].name;
}

/** The choice of a label, "any" first; hidden where the model has none. */
function fillLabels(id, modelName, label) {
  const labels = labelsOf(modelName);
  byId(`${id}-field`).hidden = labels.length === 0;
  byId(`${id}-find-field`).hidden = labels.length < MANY_LABELS;
  const place = label === null ? "" : String(labels.findIndex(({ name }) => name === label));
  if (byId(id).modelName === modelName) {
    byId(id).value = place; // thousands of options are made once
    if (byId(id).value === place) return;
  }
  byId(id).modelName = modelName;
  byId(`${id}-find`).value = "";
  showOptions(id, labels, place);
}

/**
 * The labels that hold what was typed, in the order of their letters, and always the one that is chosen. None leaves a
 * part open: its names come with the choice of its other part alone ("Polish").
 */
function showOptions(id, labels, place) {
  const folded = (text) => text.normalize("NFKD").toLowerCase();
  const wanted = folded(byId(`${id}-find`).value.trim());
  const found = labels
    .map(({ name, names }, k) => ({ name: labelText(name), names, value: String(k), parts: splitParts(name) }))
    .map((label) => ({ ...label, key: folded(label.name) }))
    .filter(({ key, value }) => key.includes(wanted) || value === place)
    .filter(({ parts, value }) => parts.length === 1 || parts.every(Boolean) || value === place);
  found.sort((a, b) => (a.key < b.key ? -1 : 1));
  const options = found.map(({ name, names, value }) =>
    element("option", { value, textContent: `${name} (${thousands(names)})`, dir: "auto" }),
  );
  byId(id).replaceChildren(element("option", { value: "", textContent: "any" }), ...options);
  byId(id).value = place;
  return found.length;
}

function connectFinder(id) {
  const find = byId(`${id}-find`);
  const labels = () => labelsOf(byId(id).modelName);
  find.addEventListener("input", (event) => {
    event.stopPropagation(); // nothing has been chosen yet
    announce(countOf(showOptions(id, labels(), byId(id).value), "label"));
  });
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    byId(id).focus();
  });
}

// ---- a second model ----

function fillOthers() {
  const { parts: isPeople } = descriptionOf(request.model);
  const others = descriptions.filter(({ name, parts }) => !isPeople && !parts && name !== request.model);
  const options = others.map(({ name, title }) => element("option", { value: name, textContent: title, dir: "auto" }));
  byId("other").replaceChildren(element("option", { value: "", textContent: "no other" }), ...options);
  byId("other").value = request.other ?? "";
  byId("blend-field").hidden = others.length === 0;
  byId("share-field").hidden = request.other === null;
}

/** What the folded settings of a narrow screen hold. */
function showSummary() {
  const temperature = request.temperature === 1 ? "" : `temperature ${request.temperature.toFixed(2)}`;
  const parts = [request.unfiltered && mayFilter(request) ? "unfiltered" : "", temperature];
  const { first, contains, ends, label, other } = request;
  if (first || contains || ends) parts.unshift(`${first}…${contains && `${contains}…`}${ends}`);
  if (other !== null) parts.unshift(`with ${descriptionOf(other).title}`);
  if (label !== null) parts.unshift(label);
  byId("settings-summary").textContent = parts.filter(Boolean).join(" · ");
}
