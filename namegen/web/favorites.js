// The names that the reader has starred. They stay in the browser's storage for this page.

const FAVORITES_KEY = "namegen.kept";
const LONGEST_FAVORITE = 1000; // characters
const NARROW_SCREEN = "(max-width: 59.99rem)"; // as in page.css; there the favorites open over the page

/** @type {string[]} */
let favorites = [];

/** Read the favorites of an earlier visit. There are none if the browser stores nothing, or the data are damaged. */
function readFavorites() {
  try {
    const stored = JSON.parse(localStorage.getItem(FAVORITES_KEY) ?? "[]");
    const isFavorite = (/** @type {any} */ value) => typeof value === "string" && value.length <= LONGEST_FAVORITE;
    return Array.isArray(stored) ? stored.filter(isFavorite) : [];
  } catch {
    return [];
  }
}

/** @param {string[]} names */
function setFavorites(names) {
  favorites = names;
  try {
    localStorage.setItem(FAVORITES_KEY, JSON.stringify(favorites));
  } catch {
    // The browser stores nothing. The names stay until the page is closed.
  }
  showFavorites();
}

/** @param {string} name */
function toggleFavorite(name) {
  const isFavorite = favorites.includes(name);
  setFavorites(isFavorite ? favorites.filter((other) => other !== name) : [...favorites, name]);
  announce(isFavorite ? `Removed ${name} from your favorites` : `Added ${name} to your favorites`);
}

function showFavorites() {
  for (const item of byId("names").children) {
    const name = item.querySelector(".text").textContent;
    item.querySelector(".star").setAttribute("aria-pressed", String(favorites.includes(name)));
  }
  byId("favorites").replaceChildren(...favorites.map(createFavoriteItem));
  const isEmpty = favorites.length === 0;
  byId("favorites-none").hidden = !isEmpty;
  byId("favorites-actions").hidden = isEmpty;
  byId("favorites-count").textContent = String(favorites.length);
  byId("show-favorites").classList.toggle("none", isEmpty);
}

/** @param {string} name */
function createFavoriteItem(name) {
  const item = copyTemplate("favorite-item", { ".text": name, ".remove .hidden": `Remove ${name}` });
  const [copyButton, removeButton] = item.querySelectorAll("button");
  copyButton.addEventListener("click", () => copyAndTell(copyButton, name, `Copied ${name}`));
  removeButton.addEventListener("click", () => {
    toggleFavorite(name);
    byId("favorites-heading").focus(); // the focused button is gone
  });
  return item;
}

/** On a narrow screen the favorites are a popover, if the browser has popovers; otherwise a part of the page. */
function placeFavorites() {
  byId("favorites-card").popover = matchMedia(NARROW_SCREEN).matches ? "auto" : null;
}

function connectFavorites() {
  const card = byId("favorites-card");
  favorites = readFavorites();
  placeFavorites();
  matchMedia(NARROW_SCREEN).addEventListener("change", placeFavorites);
  onClick("show-favorites", () => {
    if (!card.hasAttribute("popover")) {
      goToHeading("favorites-heading");
      return;
    }
    card.showPopover();
    byId("favorites-heading").focus();
  });
  onClick("close-favorites", () => card.hidePopover());
  onClick("copy-favorites", () => copyNames(byId("copy-favorites"), favorites));
  onClick("save-favorites", () => downloadNames(byId("save-favorites"), favorites, "favorite names"));
  onClick("clear-favorites", () => {
    setFavorites([]);
    announce("Removed all favorites");
    byId("favorites-heading").focus();
  });
}
