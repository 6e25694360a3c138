// The names that the reader has starred: they stay in the browser's own storage for this page.

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

/** On a narrow screen a popover, elsewhere a part of the page. */
function placeKept() {
  const sheet = matchMedia(NARROW).matches && "showPopover" in HTMLElement.prototype;
  if (sheet) byId("kept-card").setAttribute("popover", "auto");
  else byId("kept-card").removeAttribute("popover");
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
