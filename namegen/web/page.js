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
  try {
    if (isNewEntry) history.pushState(null, "", writeAddress());
    else history.replaceState(null, "", writeAddress());
  } catch {
    // Some browsers allow only a hundred changes in half a minute, which a slider exceeds. A later change is written.
  }
  const list = byId("names");
  list.replaceChildren();
  list.scrollTop = 0;
  list.classList.toggle("long", settings.n > MANY_NAMES);
  list.classList.remove("wide");
  showMessage("");
  showSummary();
  currentSearch = null;
  try {
    currentSearch = createSearch();
  } catch (error) {
    list.removeAttribute("aria-busy"); // of the search before
    showCount();
    const message = explainError(error);
    showMessage(message);
    if (isAnnounced) announce(message);
    return;
  }
  list.setAttribute("aria-busy", "true");
  watchedIndex = 0;
  continueSearch(currentSearch, FIRST_SEARCH_MILLISECONDS, isAnnounced);
  setTimeout(watchFirstName); // after the names are shown
}

/**
 * Search for some time, show the names, and continue later.
 * @param {Search} search
 * @param {number} milliseconds
 * @param {boolean} isAnnounced
 */
function continueSearch(search, milliseconds, isAnnounced) {
  const newNames = search.run({ milliseconds });
  byId("names").append(...newNames.map((name) => createNameItem(search, name)));
  showCount();
  if (!search.isDone) {
    searchTimer = setTimeout(() => continueSearch(search, SEARCH_MILLISECONDS, isAnnounced), 0);
    return;
  }
  byId("names").removeAttribute("aria-busy");
  const isComplete = search.names.length >= settings.n;
  const message = isComplete ? explainFilledNames(search) : explainTooFewNames(search);
  showMessage(message);
  setTimeout(watchFirstName);
  if (isAnnounced) announce([byId("count").textContent, message].filter(Boolean).join(". "));
}

/**
 * @param {Search} search
 * @param {FoundName} foundName
 */
function createNameItem(search, foundName) {
  const { name, isNew, labelName } = foundName;
  const requestedParts = splitLabel(search.request.label ?? "");
  const otherParts = splitLabel(labelName ?? "").filter((part) => !requestedParts.includes(part));
  const shownLabel = otherParts.filter(Boolean).join(", ");
  const texts = {
    ".text": name,
    ".name-label": shownLabel,
    ".mark": isNew === false ? "seen" : "",
    ".show .hidden": `Watch ${name} letter by letter`,
    ".star .hidden": `Add ${name} to your favorites`,
  };
  const item = copyTemplate("name-item", texts, {
    copy: (button) => copyAndTell(button, name, `Copied ${name}`),
    show: () => {
      playName(search.names.indexOf(foundName));
      goToHeading("watch-heading");
    },
    star: () => toggleFavorite(name),
  });
  item.classList.toggle("seen", isNew === false);
  item.querySelector(".star").setAttribute("aria-pressed", String(favorites.includes(name)));
  if (name.length + shownLabel.length > LONG_NAME) byId("names").classList.add("wide");
  return item;
}

function showCount() {
  const names = currentSearch?.names ?? [];
  const parts = [];
  if (names.length > 0) parts.push(countOf(names.length, "name"));
  if (names.length > 0 && currentSearch?.model.knowsNames) {
    const seen = names.filter(({ isNew }) => isNew === false).length;
    const isPeople = descriptionOf(settings.model).parts !== undefined;
    if (seen > 0) parts.push(`${withCommas(seen)} seen`);
    else parts.push(isPeople ? "all family names new" : "all new");
  }
  if (currentSearch?.isDone === false) parts.push("searching…");
  byId("count").textContent = parts.join(", ");
  byId("copy-names").disabled = names.length === 0;
  byId("save-names").disabled = names.length === 0;
}

/** @param {string} text */
function showMessage(text) {
  byId("message").textContent = text;
  byId("message").hidden = text === "";
}

/**
 * Explain what prevents a search. Errors without a message for readers are thrown again.
 * @param {unknown} error
 */
function explainError(error) {
  if (error instanceof ReaderError) return error.message;
  throw error;
}

// ---- the view of one name ----

/** Show the first name, unless the view shows one of these names already. */
function watchFirstName() {
  const names = currentSearch?.names ?? [];
  const isShown = watch !== null && names.includes(watch.name);
  if (names.length > 0 && !isShown) watchName(0);
}

/** @param {number} index among the names */
function watchName(index) {
  if (currentSearch === null) return;
  watch?.pause();
  watch = new Watch(currentSearch, currentSearch.names[index]);
}

/** @param {number} index among the names */
function playName(index) {
  watchedIndex = index;
  watchName(index);
  if (!prefersLessMotion()) watch?.play();
}

// ---- start ----

/**
 * Use other models.
 * @param {string} model
 * @param {string | null} other
 */
function chooseModel(model, other) {
  switchModel(model, other);
  applySettings(settings);
  startSearch({ isNewEntry: true });
}

/** @param {PageSettings} newSettings */
function applySettings(newSettings) {
  Object.assign(settings, newSettings);
  fillForm();
  showFacts();
  showChosenChips();
}

function connectControls() {
  const form = byId("form");
  form.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
  form.addEventListener("input", (/** @type {Event} */ { target }) => {
    if (target === byId("other")) {
      chooseModel(settings.model, byId("other").value || null);
      return;
    }
    readForm();
    startSearch();
  });
  form.addEventListener("focusout", (/** @type {{target: HTMLElement}} */ { target }) => {
    if (target.matches("[aria-invalid]")) fillForm(); // an invalid value is replaced by the setting
    target.removeAttribute("aria-invalid");
  });
  onClick("again", () => {
    settings.seed = newSeed();
    fillForm();
    startSearch({ isNewEntry: true });
  });
  onClick("reset", () => {
    applySettings(defaultSettings(settings.model, settings.seed));
    startSearch({ isNewEntry: true });
  });
  const namesOnPage = () => (currentSearch?.names ?? []).map(({ name }) => name);
  onClick("copy-link", () => copyAndTell(byId("copy-link"), location.href, "Copied the link"));
  onClick("copy-names", () => copyNames(byId("copy-names"), namesOnPage()));
  onClick("save-names", () => {
    const labels = [settings.label, settings.otherLabel];
    const titles = chosenDescriptions().map(({ title }, k) => [title, labels[k]].filter(Boolean).join(" "));
    downloadNames(byId("save-names"), namesOnPage(), titles.join(" and "));
  });
  onClick("watch-another", () => {
    const count = currentSearch?.names.length ?? 0;
    if (count > 0) playName((watchedIndex + 1) % count);
  });
  onClick("step-first", () => watch?.stopAt(0));
  onClick("step-back", () => watch?.stopAt(watch.step - 1));
  onClick("step-on", () => watch?.stopAt(watch.step + 1));
  onClick("play", () => watch?.togglePlaying());
  connectFavorites();
  addEventListener("hashchange", () => {
    applySettings(readAddress(location.hash));
    startSearch();
  });
}

try {
  addPeople();
  byId("settings").open = !matchMedia(NARROW_SCREEN).matches;
  createModelMenu();
  connectControls();
  connectLearning();
  applySettings(readAddress(location.hash));
  showFavorites();
  startSearch({ isAnnounced: false });
} catch (error) {
  showMessage(explainError(error));
}

// For the browser's console and the tests.
Object.assign(globalThis, {
  namegen: {
    Model,
    Normalizer,
    Search,
    blake2b64,
    blendOf,
    defaultRequest,
    descriptions,
    drawName,
    isProfane,
    modelOf,
    writeInCase,
  },
});
