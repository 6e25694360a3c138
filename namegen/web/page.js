// The page: it shows names as they are found, and connects all controls.

const FIRST_SEARCH_MILLISECONDS = 60; // before the first names are shown
const SEARCH_MILLISECONDS = 40; // before the browser can do something else
const MANY_NAMES = 60; // a longer list scrolls
const LONG_NAME = 18; // characters of a name and its label that fit into a narrow column

/** @type {Search | null} */
let currentSearch = null;
/** @type {number | undefined} */
let searchTimer;
/** @type {Watch | null} */
let watch = null;
let watchedIndex = 0; // the index of the name that "Another name" has reached

// ---- searching ----

/**
 * Search for names with the current settings.
 * @param {{isNewEntry?: boolean, isAnnounced?: boolean}} [options] whether the browser's history gets a new entry, and
 *   whether the result is announced
 */
function startSearch({ isNewEntry = false, isAnnounced = true } = {}) {
  clearTimeout(searchTimer);
  updateAddress(isNewEntry);
  clearNames();
  showSummary();
  const problem = openSearch();
  if (currentSearch === null) {
    showProblem(problem, isAnnounced);
    return;
  }
  byId("names").setAttribute("aria-busy", "true");
  watchedIndex = 0;
  continueSearch(currentSearch, FIRST_SEARCH_MILLISECONDS, isAnnounced);
  setTimeout(watchFirstName); // after the names are shown
}

/** @param {boolean} isNewEntry */
function updateAddress(isNewEntry) {
  try {
    if (isNewEntry) history.pushState(null, "", writeAddress());
    else history.replaceState(null, "", writeAddress());
  } catch {
    // Some browsers allow only a hundred changes in half a minute, which a slider exceeds. A later change is written.
  }
}

function clearNames() {
  const list = byId("names");
  list.replaceChildren();
  list.scrollTop = 0;
  list.classList.toggle("long", settings.n > MANY_NAMES);
  list.classList.remove("wide");
  byId("message").hidden = true;
  byId("message").textContent = "";
}

/**
 * Open the models, and create the search.
 * @returns {string} why that is impossible; "" if it worked
 */
function openSearch() {
  currentSearch = null;
  const model = findModelWithoutLabel(settings);
  if (model !== null) return needsLabel(model);
  try {
    currentSearch = createSearch();
    return "";
  } catch (error) {
    return explainDamage(error);
  }
}

/**
 * @param {string} problem
 * @param {boolean} isAnnounced
 */
function showProblem(problem, isAnnounced) {
  byId("names").removeAttribute("aria-busy"); // of the search before
  showCount();
  showMessage(problem);
  if (isAnnounced) announce(problem);
}

/**
 * Search for some time, show the names, and continue later.
 * @param {Search} search
 * @param {number} milliseconds
 * @param {boolean} isAnnounced
 */
function continueSearch(search, milliseconds, isAnnounced) {
  addNames(search, search.runFor(milliseconds));
  showCount();
  if (search.isDone) finishSearch(search, isAnnounced);
  else searchTimer = setTimeout(() => continueSearch(search, SEARCH_MILLISECONDS, isAnnounced), 0);
}

/**
 * @param {Search} search
 * @param {boolean} isAnnounced
 */
function finishSearch(search, isAnnounced) {
  byId("names").removeAttribute("aria-busy");
  const isComplete = search.names.length >= settings.n;
  const message = isComplete ? explainFilledNames(search) : explainTooFewNames(search);
  if (message !== "") showMessage(message);
  setTimeout(watchFirstName);
  if (isAnnounced) announce([byId("count").textContent, message].filter(Boolean).join(". "));
}

/**
 * @param {Search} search
 * @param {FoundName[]} names
 */
function addNames(search, names) {
  byId("names").append(...names.map((name) => createNameItem(search, name)));
}

/**
 * @param {Search} search
 * @param {FoundName} foundName
 */
function createNameItem(search, foundName) {
  const { name, isNew } = foundName;
  const item = copyTemplate("name-item");
  const [copyButton, watchButton, starButton] = item.querySelectorAll("button");
  const label = shownLabelOf(search, foundName);
  setText(copyButton, ".text", name);
  setText(copyButton, ".name-label", label);
  setText(copyButton, ".mark", isNew === false ? "seen" : "");
  setText(watchButton, ".hidden", `Watch ${name} letter by letter`);
  setText(starButton, ".hidden", `Add ${name} to your favorites`);
  item.classList.toggle("seen", isNew === false);
  starButton.setAttribute("aria-pressed", String(favorites.includes(name)));
  copyButton.addEventListener("click", () => copyAndTell(copyButton, name, `Copied ${name}`));
  watchButton.addEventListener("click", () => watchAndGo(search.names.indexOf(foundName)));
  starButton.addEventListener("click", () => toggleFavorite(name));
  if (name.length + label.length > LONG_NAME) byId("names").classList.add("wide");
  return item;
}

/**
 * Return the label next to a name; "" if all names have the same label.
 * @param {Search} search
 * @param {FoundName} name
 */
function shownLabelOf(search, { start }) {
  const { label } = search.model.startTokens[start];
  return label === null || label === search.request.label ? "" : labelText(label);
}

function showCount() {
  const names = currentSearch?.names ?? [];
  byId("count").textContent = currentSearch === null ? "" : describeCount(currentSearch);
  buttonById("copy-names").disabled = names.length === 0;
  buttonById("save-names").disabled = names.length === 0;
}

/** @param {Search} search */
function describeCount(search) {
  const { names } = search;
  const parts = [];
  if (names.length > 0) parts.push(countOf(names.length, "name"));
  if (names.length > 0 && search.model.knowsNames) parts.push(describeNovelty(search));
  if (!search.isDone) parts.push("searching…");
  return parts.join(", ");
}

/** @param {Search} search */
function describeNovelty(search) {
  const seen = search.names.filter(({ isNew }) => isNew === false).length;
  if (seen > 0) return `${withCommas(seen)} seen`;
  return search instanceof PeopleSearch ? "all family names new" : "all new";
}

/** @param {string} text */
function showMessage(text) {
  byId("message").textContent = text;
  byId("message").hidden = false;
}

/** Return the title of all names together, for the name of a file. */
function titleOfNames() {
  const labels = [settings.label, settings.otherLabel];
  const titles = chosenDescriptions(settings).map(({ title }, k) => [title, labels[k]].filter(Boolean).join(" "));
  return titles.join(" and ");
}

// ---- the view of one name ----

/** Show the first name, unless the view shows one of these names already. */
function watchFirstName() {
  if (currentSearch === null || currentSearch.names.length === 0) return;
  const isShown = watch !== null && currentSearch.names.includes(watch.name);
  if (!isShown) watchName(0);
}

/** @param {number} index among the names */
function watchName(index) {
  if (currentSearch === null) return;
  watch?.pause();
  watch = new Watch(currentSearch.model, currentSearch.names[index], settings.temperature);
}

/** @param {number} index among the names */
function playName(index) {
  watchedIndex = index;
  watchName(index);
  if (!prefersLessMotion()) watch?.play();
}

/** @param {number} index among the names */
function watchAndGo(index) {
  playName(index);
  goToHeading(byId("watch-heading"));
}

function playNextName() {
  const count = currentSearch?.names.length ?? 0;
  if (count > 0) playName((watchedIndex + 1) % count);
}

// ---- start ----

/**
 * Use other models.
 * @param {string} model
 * @param {string | null} other
 */
function chooseModel(model, other) {
  switchModel(model, other);
  fillForm();
  showFacts();
  startSearch({ isNewEntry: true });
}

/**
 * Explain that the page is damaged. Other errors are thrown again.
 * @param {unknown} error
 */
function explainDamage(error) {
  if (error instanceof Damage) return `This page is damaged (${error.message}). Export it again.`;
  throw error;
}

/** @param {Partial<PageSettings>} newSettings */
function applySettings(newSettings) {
  Object.assign(settings, newSettings);
  fillForm();
  showFacts();
  showChosenChips();
}

/** @param {Event} event a change of a control */
function onFormInput({ target }) {
  if (target === byId("other")) {
    chooseModel(settings.model, selectById("other").value || null);
    return;
  }
  if (target === byId("unfiltered")) {
    switchModel(settings.model, settings.other, inputById("unfiltered").checked);
    fillForm();
  } else {
    readForm();
  }
  startSearch();
}

/** @param {FocusEvent} event the reader leaves a field */
function onFormFocusOut({ target }) {
  if (!(target instanceof HTMLElement)) return;
  if (target.matches("[aria-invalid]")) fillForm(); // an invalid value is replaced by the setting
  target.removeAttribute("aria-invalid");
}

function searchWithNewSeed() {
  settings.seed = newSeed();
  fillForm();
  startSearch({ isNewEntry: true });
}

function resetSettings() {
  applySettings({ ...defaultSettings(settings.model), seed: settings.seed });
  startSearch({ isNewEntry: true });
}

function namesOnPage() {
  return (currentSearch?.names ?? []).map(({ name }) => name);
}

function copyNames() {
  const names = namesOnPage();
  copyAndTell(byId("copy-names"), names.join("\n"), `Copied ${countOf(names.length, "name")}`);
}

function connectControls() {
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  byId("form").addEventListener("input", onFormInput);
  byId("form").addEventListener("focusout", onFormFocusOut);
  onClick("again", searchWithNewSeed);
  onClick("reset", resetSettings);
  onClick("copy-link", () => copyAndTell(byId("copy-link"), location.href, "Copied the link"));
  onClick("copy-names", copyNames);
  onClick("save-names", () => downloadAndTell(byId("save-names"), namesOnPage(), titleOfNames()));
  connectWatch();
  ["label", "other-label"].forEach(connectLabelSearch);
  connectFavorites();
  addEventListener("hashchange", () => {
    applySettings(new AddressReader(location.hash).read());
    startSearch();
  });
}

function connectWatch() {
  onClick("watch-another", playNextName);
  onClick("step-first", () => watch?.stopAt(0));
  onClick("step-back", () => watch?.stopAt(watch.step - 1));
  onClick("step-on", () => watch?.stopAt(watch.step + 1));
  onClick("play", () => watch?.togglePlaying());
}

function startPage() {
  descriptions.forEach(checkFields);
  descriptions.unshift(...describePeople(descriptions));
  /** @type {HTMLDetailsElement} */ (byId("settings")).open = !matchMedia(NARROW_SCREEN).matches;
  createModelMenu((model) => chooseModel(model, settings.other));
  connectControls();
  applySettings(new AddressReader(location.hash).read());
  showFavorites();
  startSearch({ isAnnounced: false });
}

try {
  startPage();
} catch (error) {
  showMessage(explainDamage(error));
}

// For the browser's console and the tests.
Object.assign(globalThis, {
  namegen: {
    Model,
    Normalizer,
    Search,
    blake2b64,
    blendOf,
    descriptions,
    drawName,
    isProfane,
    modelOf,
    writeInCase,
  },
});
