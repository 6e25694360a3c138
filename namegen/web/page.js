// The page: names as they are found, what is said of them, which models there are, and what every control does.

// ---- names that the reader has starred: they stay in the browser's own storage for this page ----

const KEPT_KEY = "namegen.kept";
const NARROW = "(max-width: 59.99rem)"; // as in page.css: there the kept names are a sheet that opens over the page

let kept = [];

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
    copy.addEventListener("click", () => copyAndTell(copy, name, `Copied ${name}`));
    remove.addEventListener("click", () => {
      toggleKept(name);
      byId("kept-heading").focus(); // the button that had the focus is gone
    });
    return item;
  });
  byId("kept").replaceChildren(...items);
  byId("kept-none").hidden = kept.length > 0;
  byId("kept-actions").hidden = kept.length === 0;
  byId("kept-count").textContent = kept.length;
  byId("show-kept").classList.toggle("none", kept.length === 0);
}

/** On a narrow screen a popover, elsewhere, and in browsers that have none, a part of the page. */
function placeKept() {
  byId("kept-card").popover = matchMedia(NARROW).matches ? "auto" : null;
}

function openKept() {
  if (byId("kept-card").hasAttribute("popover")) {
    byId("kept-card").showPopover(); // Escape, "Close" and a touch beside it close it; the focus goes back
    byId("kept-heading").focus();
  } else {
    goTo(byId("kept-heading"));
  }
}

function connectKept() {
  kept = readKept();
  placeKept();
  matchMedia(NARROW).addEventListener("change", placeKept);
  byId("show-kept").addEventListener("click", openKept);
  byId("close-kept").addEventListener("click", () => byId("kept-card").hidePopover());
  byId("copy-kept").addEventListener("click", () =>
    copyAndTell(byId("copy-kept"), kept.join("\n"), `Copied ${countOf(kept.length, "name")}`),
  );
  byId("save-kept").addEventListener("click", () => downloadAndTell(byId("save-kept"), kept, "kept names"));
  byId("clear-kept").addEventListener("click", () => {
    setKept([]);
    announce("Removed all");
    byId("kept-heading").focus();
  });
}

// ---- names as they are found, models, and what every control does ----

const FIRST_SLICE = 60; // milliseconds of searching before the first names are shown
const SLICE = 40; // and between two looks at what else there is to do
const LONG = 18; // characters of a name and its label: more of them would wrap in narrow columns
const LABELS_TOLD = 12; // the commonest, in what is said about a model

let search = null;
let timer = null;
let watch = null;
let watchPlace = 0; // which of the names found "Another name" has come to

// ---- names ----

/** Search anew, show the first names at once and the others as they are found. */
function start({ newEntry = false, spoken = true } = {}) {
  clearTimeout(timer);
  try {
    history[newEntry ? "pushState" : "replaceState"](null, "", address());
  } catch {
    // Some browsers allow a hundred changes in half a minute, and a slider makes as many: a later one will be taken.
  }
  byId("names").replaceChildren();
  byId("names").scrollTop = 0;
  byId("names").classList.toggle("long", request.n > 60);
  byId("names").classList.remove("wide");
  Object.assign(byId("message"), { hidden: true, textContent: "" });
  showSummary();
  let why = unlabelled(request) ? needsLabel(unlabelled(request)) : "";
  search = null;
  try {
    if (!why) search = searchFor(request);
  } catch (error) {
    why = whyDamaged(error);
  }
  if (search === null) {
    byId("names").removeAttribute("aria-busy"); // another search may have been under way
    showCount();
    showMessage(why);
    if (spoken) announce(why);
    return;
  }
  const goOn = (milliseconds) => {
    addNames(search.run(milliseconds));
    showCount();
    if (search.done) {
      byId("names").removeAttribute("aria-busy");
      const said = search.found.length < request.n ? whyFewer(search) : whyFilled(search);
      if (said) showMessage(said);
      setTimeout(watchFirst);
      if (spoken) announce([byId("count").textContent, byId("message").textContent].filter(Boolean).join(". "));
    } else {
      timer = setTimeout(goOn, 0, SLICE);
    }
  };
  byId("names").setAttribute("aria-busy", "true");
  goOn(FIRST_SLICE);
  watchPlace = 0;
  setTimeout(watchFirst); // the names are shown first
}

function addNames(found) {
  const { starts } = search.model;
  const items = document.createDocumentFragment();
  for (const one of found) {
    const item = byId("name-item").content.firstElementChild.cloneNode(true);
    const [copy, show, keep] = item.querySelectorAll("button");
    copy.querySelector(".text").textContent = one.name;
    const { label } = starts[one.start]; // said where it could be another
    copy.querySelector(".of").textContent = label !== search.request.label ? labelText(label ?? "") : "";
    copy.querySelector(".mark").textContent = one.isNew === false ? "seen" : ""; // new is the rule
    item.classList.toggle("seen", one.isNew === false);
    show.querySelector(".hidden").textContent = `Watch ${one.name} being drawn`;
    keep.querySelector(".hidden").textContent = `Keep ${one.name}`;
    keep.setAttribute("aria-pressed", kept.includes(one.name));
    copy.addEventListener("click", () => copyAndTell(copy, one.name, `Copied ${one.name}`));
    show.addEventListener("click", () => {
      play(search.found.indexOf(one));
      goTo(byId("watch-heading"));
    });
    keep.addEventListener("click", () => toggleKept(one.name));
    if (`${one.name}${copy.querySelector(".of").textContent}`.length > LONG) byId("names").classList.add("wide");
    item.name = one.name;
    items.append(item);
  }
  byId("names").append(items);
}

function showCount() {
  const found = search === null ? [] : search.found;
  const seen = found.filter(({ isNew }) => isNew === false).length;
  const parts = found.length ? [countOf(found.length, "name")] : []; // why there are none, the message says
  const which = search?.given ? "family names" : "all";
  if (search?.model.knowsNames && found.length) parts.push(seen ? `${thousands(seen)} seen` : `${which} new`);
  if (search && !search.done) parts.push("searching…");
  byId("count").textContent = parts.join(", ");
  byId("copy-names").disabled = byId("save-names").disabled = found.length === 0;
}

function showMessage(text) {
  byId("message").textContent = text;
  byId("message").hidden = false;
}

/** What the names are called as a whole: the titles of their models, and of the label. */
function titleOfNames() {
  const labels = [request.label, request.otherLabel];
  return asked(request).map(({ title }, k) => (labels[k] === null ? title : `${title} ${labels[k]}`)).join(" and ");
}

// ---- the view of a drawing ----

/** It opens with the first name, unless it shows one of these names already. */
function watchFirst() {
  if (search === null) return;
  const [first] = search.found;
  if (first && !search.found.includes(watch.found)) watch.show(search.model, first, request.temperature);
}

/** Play one of the names, by its place among those found. */
function play(place) {
  watchPlace = place;
  watch.show(search.model, search.found[place], request.temperature);
  if (!calm()) watch.play();
}

// ---- the models: which, and what they are ----

function showModels() {
  const labels = descriptions.map(({ name, title }) => {
    const radio = element("input", { type: "radio", name: "model", value: name });
    radio.addEventListener("change", () => turn(name, request.other));
    return element("label", {}, radio, element("bdi", { translate: false }, title));
  });
  byId("models").append(...labels);
  byId("models").hidden = labels.length < 2;
}

/** Draw from other models. */
function turn(model, other) {
  turnTo(model, other);
  fillForm();
  showFacts();
  start({ newEntry: true });
}

/** How many names a model's list had; undefined where it does not say. */
function countOfList({ training }) {
  return training.names && `${thousands(training.names)} names`;
}

function showLead(described) {
  const read = described.map(({ metadata }) => countOfList(metadata) || "a list of names");
  const alone = `A small neural network has read ${read[0]} and now makes up its own, letter by letter. It runs`;
  const made = descriptionOf(request.model).parts ? "people: real given names, new family names" : "names together";
  const together = `Two small neural networks have read ${read.join(" and ")} and now make up ${made}. They run`;
  byId("lead").textContent = `${read.length === 1 ? alone : together} inside this page and nowhere else.`;
}

function factsOf({ title, credit, tensors, half, cell, metadata }) {
  const { vocabulary, labels, training } = metadata;
  const { hidden } = metadata.network;
  const parameters = Object.values(tensors).reduce((sum, text) => sum + numbersOfText(text, half).length, 0);
  const layers = hidden.every((width) => width === hidden[0]) ? hidden[0] : hidden.join(" and ");
  const commonest = [...labels].sort((a, b) => b.names - a.names).slice(0, LABELS_TOLD);
  const more = labels.length - commonest.length;
  const told = commonest.map((label) => `${labelText(label.name)} (${thousands(label.names)})`).join(", ");
  return [
    ["Model", title],
    ["Learned from", training.list && [training.list, countOfList(metadata)].filter(Boolean).join(", ")],
    ["Labels", more > 0 ? `${told} and ${thousands(more)} more` : told],
    [training.base_model ? "Sources, including its base model's" : "Source of the list", credit],
    ["Network", `${cell}, ${hidden.length === 1 ? "one layer" : `${hidden.length} layers`} of ${layers}`],
    ["Characters it knows", thousands([...vocabulary].length)],
    ["Numbers it has learned", thousands(parameters)],
  ];
}

function showFacts() {
  const described = chosen(request);
  showLead(described);
  byId("about-heading").textContent = described.length === 1 ? "About this model" : "About these models";
  byId("facts").replaceChildren(
    ...described.flatMap(factsOf).filter(([, value]) => value).flatMap(([term, value], place) => [
      element("dt", { className: place > 0 && term === "Model" ? "next" : "" }, term),
      element("dd", {}, element("bdi", {}, value)),
    ]),
  );
}

// ---- start ----

/** What is said of damaged data; other errors are thrown again. */
function whyDamaged(error) {
  if (!(error instanceof Damage)) throw error;
  return `This page is damaged (${error.message}): write it again.`;
}

function adopt(settings) {
  Object.assign(request, settings);
  fillForm();
  showFacts();
  // On a narrow screen the models are a row to swipe; the page itself stays where it is.
  const chip = byId("models").querySelector(":checked").parentElement;
  byId("models").scrollLeft = chip.offsetLeft - 40;
}

function connect() {
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  byId("form").addEventListener("input", ({ target }) => {
    if (target === byId("other")) return turn(request.model, target.value || null);
    if (target === byId("unfiltered")) {
      turnTo(request.model, request.other, target.checked);
      fillForm();
      return start();
    }
    readForm();
    return start();
  });
  byId("form").addEventListener("focusout", (event) => {
    if (event.target.matches("[aria-invalid]")) fillForm(); // what was not usable goes back to what holds
    event.target.removeAttribute("aria-invalid");
  });
  byId("again").addEventListener("click", () => {
    request.seed = newSeed();
    fillForm();
    start({ newEntry: true });
  });
  byId("reset").addEventListener("click", () => {
    adopt({ ...defaults(request.model), seed: request.seed });
    start({ newEntry: true });
  });
  byId("copy-link").addEventListener("click", () => copyAndTell(byId("copy-link"), location.href, "Copied the link"));
  byId("copy-names").addEventListener("click", () => {
    const names = search.found.map(({ name }) => name);
    copyAndTell(byId("copy-names"), names.join("\n"), `Copied ${countOf(names.length, "name")}`);
  });
  byId("save-names").addEventListener("click", () =>
    downloadAndTell(byId("save-names"), search.found.map(({ name }) => name), titleOfNames()),
  );
  byId("watch-another").addEventListener("click", () => {
    if (search?.found.length) play((watchPlace + 1) % search.found.length);
  });
  addEventListener("hashchange", () => {
    adopt(readAddress());
    start();
  });
  byId("settings").open = !matchMedia(NARROW).matches;
  ["label", "other-label"].forEach(connectFinder);
  connectKept();
}

try {
  descriptions.forEach(checkFields);
  descriptions.unshift(...describedPeople(descriptions));
  watch = new Watch();
  showModels();
  connect();
  adopt(readAddress());
  showKept();
  start({ spoken: false });
} catch (error) {
  showMessage(whyDamaged(error));
}

// For the browser's console, and for the tests.
const forTests = { Model, Normalizer, Search, blake2b64, descriptions, isProfane, randomNumbers, written };
globalThis.namegen = { ...forTests, blendOf, drawName, modelOf };
