// The page: settings, names, what is kept. Texts of a model are placed as text (textContent), never as markup.

performance.mark("script begins");

const byId = (id) => document.getElementById(id);

/** A new element with these properties and children (elements or texts). */
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** 12345 as 12,345. (The browser's own way loads its tables of languages, which the first names would wait for.) */
function thousands(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Say something to those who listen to the page. */
function announce(text) {
  byId("status").textContent = text;
}

const FIRST_SLICE = 60; // milliseconds of searching before the first names are shown
const SLICE = 40; // and between two looks at what else there is to do
const MOST_NAMES = 1000;
const LARGEST_SEED = 2 ** 32 - 1;
const KEPT_KEY = "namegen.kept";

const descriptions = JSON.parse(byId("models-data").textContent);
const models = new Map(); // by name, made when first asked for
const wish = {}; // what is asked for: {model, n, seed, temperature, first, shortest, longest, onlyNew}
let search = null;
let timer = null;
let watch = null;

function modelOf(name) {
  if (!models.has(name)) models.set(name, new Model(descriptions.find((description) => description.name === name)));
  return models.get(name);
}

// ---- what is asked for: from the address, from the form, and back ----

function defaults(modelName) {
  const { longest, temperature } = descriptions.find(({ name }) => name === modelName);
  return { model: modelName, n: 20, temperature, first: "", shortest: 1, longest, onlyNew: false };
}

/** `#seed=7&n=50&…`: what is left out, or makes no sense, is as usual. Without a seed, one is chosen. */
function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const known = descriptions.some(({ name }) => name === given.get("model"));
  const usual = defaults(known ? given.get("model") : descriptions[0].name);
  const number = (key, least, most, fallback) => {
    const text = given.get(key);
    const value = text === null || text.trim() === "" ? NaN : Number(text);
    return value >= least && value <= most ? value : fallback;
  };
  const whole = (...wanted) => Math.floor(number(...wanted));
  return {
    ...usual,
    seed: whole("seed", 0, LARGEST_SEED, newSeed()),
    n: whole("n", 1, MOST_NAMES, usual.n),
    temperature: number("temperature", 0, 2, usual.temperature),
    first: (given.get("first") ?? usual.first).slice(0, 40),
    shortest: whole("shortest", 1, 1000, usual.shortest),
    longest: whole("longest", 1, 1000, usual.longest),
    onlyNew: given.get("new") === "only",
  };
}

/** The address of these names: the seed, and all that is not as usual. */
function address() {
  const usual = defaults(wish.model);
  const parts = new URLSearchParams({ seed: wish.seed });
  if (descriptions.length > 1) parts.set("model", wish.model);
  for (const key of ["n", "temperature", "first", "shortest", "longest"]) {
    if (wish[key] !== usual[key]) parts.set(key, wish[key]);
  }
  if (wish.onlyNew) parts.set("new", "only");
  return `#${parts}`;
}

/** Put the settings into the form's controls. */
function fillForm() {
  for (const key of ["n", "temperature", "first", "shortest", "longest", "seed"]) {
    if (byId(key).value !== String(wish[key])) byId(key).value = wish[key];
  }
  byId("only-new").checked = wish.onlyNew;
  byId("only-new-field").hidden = modelOf(wish.model).knownNames === null;
  for (const radio of byId("models").querySelectorAll("input")) radio.checked = radio.value === wish.model;
  showTemperature();
}

/** Take from the form what is valid; a field that is being emptied or mistyped keeps its old value for now. */
function readForm() {
  for (const key of ["n", "temperature", "shortest", "longest", "seed"]) {
    const field = byId(key);
    const usable = field.value !== "" && field.checkValidity();
    field.toggleAttribute("aria-invalid", !usable);
    if (usable) wish[key] = Number(field.value);
  }
  wish.first = byId("first").value;
  wish.onlyNew = byId("only-new").checked;
  showTemperature();
}

function showTemperature() {
  byId("temperature-value").textContent = wish.temperature.toFixed(2);
}

// ---- names ----

/** Search anew, show the first names at once and the others as they are found. */
function start({ newEntry = false, spoken = true } = {}) {
  clearTimeout(timer);
  history[newEntry ? "pushState" : "replaceState"](null, "", address());
  search = new Search(modelOf(wish.model), wish);
  byId("names").replaceChildren();
  byId("names").scrollTop = 0;
  byId("names").classList.toggle("long", wish.n > 60);
  byId("names").classList.toggle("wide", defaults(wish.model).longest > 64); // names such as those of companies
  const goOn = (milliseconds) => {
    addNames(search.run(milliseconds));
    showCount();
    if (search.done) {
      byId("names").removeAttribute("aria-busy");
      showMessage();
      setTimeout(watchFirst);
      if (spoken) announce(byId("message").hidden ? byId("count").textContent : byId("message").textContent);
    } else {
      timer = setTimeout(goOn, 0, SLICE);
    }
  };
  byId("message").hidden = true;
  byId("names").setAttribute("aria-busy", "true");
  goOn(FIRST_SLICE);
  showSummary();
  watchPlace = 0;
  setTimeout(watchFirst); // the names are shown first
}

function addNames(found) {
  const items = document.createDocumentFragment();
  for (const one of found) {
    const item = byId("name-item").content.firstElementChild.cloneNode(true);
    const [copy, show, keep] = item.querySelectorAll("button");
    copy.querySelector(".text").textContent = one.name;
    copy.querySelector(".mark").textContent = { true: "new", false: "seen", null: "" }[one.isNew];
    item.classList.toggle("seen", one.isNew === false);
    show.querySelector(".hidden").textContent = `Watch ${one.name} being drawn`;
    keep.querySelector(".hidden").textContent = `Keep ${one.name}`;
    keep.setAttribute("aria-pressed", kept.includes(one.name));
    copy.addEventListener("click", () => copyName(copy, one.name));
    show.addEventListener("click", () => watchName(one));
    keep.addEventListener("click", () => toggleKept(one.name));
    item.name = one.name;
    items.append(item);
  }
  byId("names").append(items);
}

function showCount() {
  const { found } = search;
  const count = (isNew) => found.filter((one) => one.isNew === isNew).length;
  byId("count").textContent = search.model.knownNames
    ? `${thousands(count(true))} new, ${thousands(count(false))} seen`
    : `${thousands(found.length)} ${found.length === 1 ? "name" : "names"}`;
}

/** Why there are fewer names than asked for, and what would help. */
function showMessage() {
  const { found, tries, beginnings, model } = search;
  const missing = wish.n - found.length;
  byId("message").hidden = missing <= 0;
  if (missing <= 0) return;
  let text;
  if (!model.sound) {
    text = `This page computes something else of ${model.name} than the engine “${model.description.trained_by}” that trained it. `;
    text += "Its names would be wrong, so none are drawn: read it with that engine.";
  } else if (beginnings.length === 0) {
    const lacking = [...wish.first.normalize("NFC")].find((letter) => model.beginnings(letter, 1).length === 0);
    text = `The network has never read “${lacking}”, so no name can begin so. Try other first letters.`;
  } else if (wish.shortest > wish.longest || beginnings[0].prefix.depth > wish.longest) {
    text = "No name can be so short and so long at once: raise the longest length, or lower the shortest.";
  } else if (wish.temperature === 0) {
    const same = model.starts.length > 1 ? "the same name of each label" : "the same name";
    const one = found.length ? `Temperature 0 always takes the likeliest letter, and so always ${same}.` : "";
    text = one || "At temperature 0 there is only one name, and it is not as you wish. Raise the temperature.";
  } else {
    text = `${found.length ? "No more" : "No"} names as you wish turned up in ${thousands(tries)} tries. `;
    text += "Widen the lengths, change the first letters, or raise the temperature";
    text += wish.onlyNew ? ", or take names that the list has too." : ".";
  }
  byId("message").textContent = text;
}

/** What the folded settings of a narrow screen hold. */
function showSummary() {
  const parts = [`temperature ${wish.temperature.toFixed(2)}`];
  if (wish.first) parts.push(`${wish.first}…`);
  byId("settings-summary").textContent = parts.join(" · ");
}

let watchPlace = 0; // which of the names found "Another name" has come to

/** The view of a drawing opens with the first name, unless it shows one of these names already. */
function watchFirst() {
  const [first] = search.found;
  if (first && !search.found.includes(watch.found)) watch.show(search.model, first, wish.temperature);
}

function watchName(one) {
  watchPlace = search.found.indexOf(one);
  watch.show(search.model, one, wish.temperature);
  if (!calm()) watch.play();
  byId("watch-heading").scrollIntoView({ behavior: calm() ? "auto" : "smooth", block: "start" });
  byId("watch-heading").focus({ preventScroll: true });
}

function watchAnother() {
  if (search.found.length === 0) return;
  watchPlace = (watchPlace + 1) % search.found.length;
  watch.show(search.model, search.found[watchPlace], wish.temperature);
  if (!calm()) watch.play();
}

/** Whether the reader has asked for less motion. */
function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// ---- copying and keeping ----

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

/** Copy, and show and say so for a moment. */
async function copyAndTell(button, text, said) {
  const done = await copyText(text);
  announce(done ? said : "The browser did not let the page copy.");
  button.classList.add(done ? "copied" : "not-copied");
  clearTimeout(button.timer);
  button.timer = setTimeout(() => button.classList.remove("copied", "not-copied"), 1400);
}

const copyName = (button, name) => copyAndTell(button, name, `Copied ${name}`);

let kept = readKept();

/** What an earlier visit left, if the browser lets the page keep anything and nobody has changed it. */
function readKept() {
  try {
    const names = JSON.parse(localStorage.getItem(KEPT_KEY));
    return Array.isArray(names) ? names.filter((name) => typeof name === "string" && name.length <= 1000) : [];
  } catch {
    return [];
  }
}

function setKept(names) {
  kept = names;
  try {
    localStorage.setItem(KEPT_KEY, JSON.stringify(kept));
  } catch {
    // They stay until the page is closed.
  }
  showKept();
}

function toggleKept(name) {
  const was = kept.includes(name);
  setKept(was ? kept.filter((other) => other !== name) : [...kept, name]);
  announce(was ? `Removed ${name}` : `Kept ${name}`);
}

function showKept() {
  for (const item of byId("names").children) {
    item.querySelector(".keep").setAttribute("aria-pressed", kept.includes(item.name));
  }
  const items = kept.map((name) => {
    const item = byId("kept-item").content.firstElementChild.cloneNode(true);
    const [copy, remove] = item.querySelectorAll("button");
    copy.querySelector(".text").textContent = name;
    remove.querySelector(".hidden").textContent = `Remove ${name}`;
    copy.addEventListener("click", () => copyName(copy, name));
    remove.addEventListener("click", () => {
      toggleKept(name);
      byId("kept-heading").focus(); // the button that had the focus is gone
    });
    return item;
  });
  byId("kept").replaceChildren(...items);
  byId("kept-none").hidden = kept.length > 0;
  byId("kept-actions").hidden = byId("show-kept").hidden = kept.length === 0;
  byId("kept-count").textContent = kept.length;
}

// ---- the model: which, and what it is ----

function showModels() {
  const labels = descriptions.map(({ name }) => {
    const radio = element("input", { type: "radio", name: "model", value: name });
    radio.addEventListener("change", () => {
      const stays = { n: wish.n, onlyNew: wish.onlyNew };
      if (wish.temperature !== defaults(wish.model).temperature) stays.temperature = wish.temperature;
      Object.assign(wish, defaults(name), stays);
      fillForm();
      showFacts();
      start({ newEntry: true });
    });
    return element("label", {}, radio, element("bdi", { translate: false }, name));
  });
  byId("models").append(...labels);
  byId("models").hidden = labels.length < 2;
}

function showFacts() {
  const { name, cell, hidden, characters, parameters, list, names, credit, labels } = modelOf(wish.model).description;
  byId("list-size").textContent = names === null ? "a list of names" : `${thousands(names)} names`;
  const layers = hidden.every((width) => width === hidden[0]) ? hidden[0] : hidden.join(" and ");
  const cells = { simple_rnn: "simple recurrent (Elman)", gru: "GRU", lstm: "LSTM" };
  const facts = [
    ["Model", name],
    ["Learned from", list && (names === null ? list : `${list}, ${thousands(names)} names`)],
    ["Labels", labels.map((label) => `${label.name} (${thousands(label.names)})`).join(", ")],
    ["Source of the list", credit],
    ["Network", `${cells[cell]}, ${hidden.length === 1 ? "one layer" : `${hidden.length} layers`} of ${layers}`],
    ["Characters it knows", thousands([...characters].length)],
    ["Numbers it has learned", thousands(parameters)],
  ];
  byId("facts").replaceChildren(
    ...facts.filter(([, value]) => value).flatMap(([term, value]) => [
      element("dt", {}, term),
      element("dd", {}, element("bdi", {}, value)),
    ]),
  );
}

// ---- start ----

function adopt(settings) {
  Object.assign(wish, settings);
  fillForm();
  showFacts();
}

function connect() {
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  byId("form").addEventListener("input", () => {
    readForm();
    start();
  });
  byId("form").addEventListener("focusout", (event) => {
    if (event.target.matches("[aria-invalid]")) fillForm(); // what was not usable goes back to what holds
    event.target.removeAttribute("aria-invalid");
  });
  byId("again").addEventListener("click", () => {
    wish.seed = newSeed();
    fillForm();
    start({ newEntry: true });
  });
  byId("reset").addEventListener("click", () => {
    adopt({ ...defaults(wish.model), seed: wish.seed });
    start({ newEntry: true });
  });
  byId("copy-link").addEventListener("click", () => copyAndTell(byId("copy-link"), location.href, "Copied the link"));
  byId("copy-kept").addEventListener("click", () =>
    copyAndTell(byId("copy-kept"), kept.join("\n"), `Copied ${kept.length} ${kept.length === 1 ? "name" : "names"}`),
  );
  byId("clear-kept").addEventListener("click", () => {
    setKept([]);
    announce("Removed all");
    byId("kept-heading").focus();
  });
  byId("show-kept").addEventListener("click", () => {
    byId("kept-heading").scrollIntoView({ behavior: calm() ? "auto" : "smooth" });
    byId("kept-heading").focus({ preventScroll: true });
  });
  byId("watch-another").addEventListener("click", watchAnother);
  addEventListener("hashchange", () => {
    adopt(readAddress());
    start();
  });
  byId("settings").open = matchMedia("(min-width: 60rem)").matches;
}

watch = new Watch();
showModels();
connect();
adopt(readAddress());
showKept();
start({ spoken: false });
performance.mark("first names");

// For the browser's console, and for the tests.
globalThis.namegen = { Model, Normaliser, Search, blake2b64, descriptions, drawName, modelOf, randomNumbers };
