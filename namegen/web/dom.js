// Small helpers for all parts of the page. Texts of a model are inserted as text, never as markup.

const FLASH_MILLISECONDS = 1400;
const DOWNLOAD_MILLISECONDS = 60_000; // the browser reads the file after the click

/**
 * Return an element of the page, whose type depends on its id.
 * @param {string} id
 * @returns {any}
 */
function byId(id) {
  return document.getElementById(id);
}

/**
 * @param {string} id of an element
 * @param {() => void} handler
 */
function onClick(id, handler) {
  byId(id).addEventListener("click", handler);
}

/**
 * Create an element.
 * @param {string} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children
 * @returns {any}
 */
function createElement(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * Create an option of a menu.
 * @param {string} value
 * @param {string} text
 */
function createOption(value, text) {
  return createElement("option", { value, textContent: text, dir: "auto" });
}

/**
 * Copy the first element of a template, and set the texts of some of its elements.
 * @param {string} id of the template
 * @param {Record<string, string>} texts by selector
 * @param {Record<string, (button: HTMLButtonElement) => void>} [handlers] of clicks, by the class of the button
 * @returns {any}
 */
function copyTemplate(id, texts, handlers = {}) {
  const copy = byId(id).content.firstElementChild.cloneNode(true);
  for (const [selector, text] of Object.entries(texts)) copy.querySelector(selector).textContent = text;
  for (const [name, handler] of Object.entries(handlers)) {
    const button = copy.querySelector(`.${name}`);
    button.addEventListener("click", () => handler(button));
  }
  return copy;
}

/** @param {string} text */
function withCapital(text) {
  const [first = "", ...others] = text;
  return first.toUpperCase() + others.join("");
}

/**
 * Keep a value in the browser's storage for this page.
 * @param {string} key
 * @param {unknown} value
 * @returns {boolean} false if the storage is full or forbidden
 */
function keep(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/**
 * Return a value of an earlier visit; undefined if there is none, or it isn't readable.
 * @param {string} key
 * @returns {any}
 */
function keptValue(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "");
  } catch {
    return undefined;
  }
}

/**
 * Announce a text to screen readers, even if it is the same as the last one.
 * @param {string} text
 */
function announce(text) {
  const status = byId("status");
  status.textContent = status.textContent === text ? `${text}\u00a0` : text;
}

/** Return whether the reader prefers less motion. */
function prefersLessMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Scroll to a heading, and focus it.
 * @param {string} id
 */
function goToHeading(id) {
  byId(id).scrollIntoView({ behavior: prefersLessMotion() ? "auto" : "smooth", block: "start" });
  byId(id).focus({ preventScroll: true });
}

/**
 * Tell the reader what a button has done: in words, and with a class for a moment.
 * @param {HTMLElement} button
 * @param {"copied" | "not-copied" | "saved"} className
 * @param {string} message
 */
function tellAtButton(button, className, message) {
  announce(message);
  button.classList.add(className);
  setTimeout(() => button.classList.remove(className), FLASH_MILLISECONDS);
}

/**
 * Copy a text to the clipboard, and tell the reader.
 * @param {HTMLElement} button that was clicked
 * @param {string} text
 * @param {string} message
 */
async function copyAndTell(button, text, message) {
  try {
    await navigator.clipboard.writeText(text);
    tellAtButton(button, "copied", message);
  } catch {
    tellAtButton(button, "not-copied", "The browser doesn’t allow this page to copy.");
  }
}

/**
 * @param {HTMLElement} button that was clicked
 * @param {string[]} names
 */
function copyNames(button, names) {
  copyAndTell(button, names.join("\n"), `Copied ${countOf(names.length, "name")}`);
}

/**
 * Turn a title into the name of a file: its letters and digits, with hyphens between the words.
 * @param {string} title
 * @param {string} ending
 */
function fileNameOf(title, ending) {
  const words = title.normalize("NFC").toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? ["names"];
  return [...words.join("-")].slice(0, 80).join("") + ending;
}

/**
 * Download a file.
 * @param {string} fileName
 * @param {Blob} content
 */
function download(fileName, content) {
  const url = URL.createObjectURL(content);
  createElement("a", { href: url, download: fileName }).click();
  setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_MILLISECONDS);
}

/**
 * Download names as a text file, one per line, and tell the reader.
 * @param {HTMLElement} button that was clicked
 * @param {string[]} names
 * @param {string} title
 */
function downloadNames(button, names, title) {
  const fileName = fileNameOf(title, ".txt");
  const lines = names.map((name) => `${name}\n`);
  download(fileName, new Blob(lines, { type: "text/plain;charset=utf-8" }));
  tellAtButton(button, "saved", `Saved ${countOf(names.length, "name")} as ${fileName}`);
}
