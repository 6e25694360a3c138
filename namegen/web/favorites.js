// The names that the reader has starred. They stay in the browser's storage for this page.

const FAVORITES_KEY = "namegen.kept";
const NARROW_SCREEN = "(max-width: 59.99rem)"; // as in page.css; there the favorites open over the page

/** @type {string[]} */
let favorites = [];

/** @param {string[]} names */
function setFavorites(names) {
  favorites = names;
  byId("favorites-lost").hidden = keep(FAVORITES_KEY, favorites);
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
  byId("favorites-count").textContent = String(favorites.length);
}

/** @param {string} name */
function createFavoriteItem(name) {
  const texts = { ".text": name, ".remove .hidden": `Remove ${name}` };
  return copyTemplate("favorite-item", texts, {
    copy: (button) => copyAndTell(button, name, `Copied ${name}`),
    remove: () => {
      toggleFavorite(name);
      byId("favorites-heading").focus(); // the focused button is gone
    },
  });
}

/** On a narrow screen the favorites are a popover. */
function placeFavorites() {
  byId("favorites-card").popover = matchMedia(NARROW_SCREEN).matches ? "auto" : null;
}

function connectFavorites() {
  const card = byId("favorites-card");
  const kept = keptValue(FAVORITES_KEY);
  if (Array.isArray(kept)) favorites = kept.filter((name) => typeof name === "string");
  placeFavorites();
  matchMedia(NARROW_SCREEN).addEventListener("change", placeFavorites);
  onClick("show-favorites", () => {
    if (card.popover) card.showPopover();
    goToHeading("favorites-heading");
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
