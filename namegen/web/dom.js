// Small helpers for all parts of the page. Texts of a model are inserted as text, never as markup.

const FLASH_MILLISECONDS = 1400;
const DOWNLOAD_MILLISECONDS = 60_000; // the browser reads the file after the click
const FLASH_CLASSES = ["copied", "not-copied", "saved"];

/** The timers that end the flashes of buttons. @type {WeakMap<HTMLElement, number>} */
const flashTimers = new WeakMap();

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
function inputById(id) {
  return /** @type {HTMLInputElement} */ (byId(id));
}

/** @param {string} id */
function selectById(id) {
  return /** @type {HTMLSelectElement} */ (byId(id));
}

/** @param {string} id */
function buttonById(id) {
  return /** @type {HTMLButtonElement} */ (byId(id));
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
 * Copy the first element of a template.
 * @param {string} id of the template
 */
function copyTemplate(id) {
  const { content } = /** @type {HTMLTemplateElement} */ (byId(id));
  return /** @type {HTMLElement} */ (content.firstElementChild?.cloneNode(true));
}

/**
 * @param {HTMLElement} parent
 * @param {string} selector
 * @param {string} text
 */
function setText(parent, selector, text) {
  const element = parent.querySelector(selector);
  if (element !== null) element.textContent = text;
}

/**
 * Announce a text to screen readers, even if it is the same as the last one.
 * @param {string} text
 */
function announce(text) {
  const status = byId("status");
  const isRepeated = status.textContent === text;
  status.textContent = isRepeated ? `${text}\u00a0` : text;
}

/** Return whether the reader prefers less motion. */
function prefersLessMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Scroll to a heading, and focus it.
 * @param {HTMLElement} heading
 */
function goToHeading(heading) {
  heading.scrollIntoView({ behavior: prefersLessMotion() ? "auto" : "smooth", block: "start" });
  heading.focus({ preventScroll: true });
}

/**
 * Copy a text to the clipboard.
 * @param {string} text
 * @returns {Promise<boolean>} whether it worked
 */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyTextOfSelection(text); // some browsers have no clipboard on pages that were opened from a disk
  }
}

/**
 * Copy a text the old way: from a selected text field.
 * @param {string} text
 */
function copyTextOfSelection(text) {
  const focusedElement = /** @type {HTMLElement | null} */ (document.activeElement);
  const area = document.createElement("textarea");
  Object.assign(area, { value: text, readOnly: true, className: "hidden" });
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  focusedElement?.focus();
  return isCopied;
}

/**
 * Show a message at a button for a moment.
 * @param {HTMLElement} button
 * @param {string} className one of FLASH_CLASSES
 */
function flash(button, className) {
  clearTimeout(flashTimers.get(button));
  button.classList.add(className);
  flashTimers.set(button, setTimeout(() => button.classList.remove(...FLASH_CLASSES), FLASH_MILLISECONDS));
}

/**
 * Copy a text, and tell the reader.
 * @param {HTMLElement} button that was clicked
 * @param {string} text
 * @param {string} message
 */
async function copyAndTell(button, text, message) {
  const isCopied = await copyText(text);
  announce(isCopied ? message : "The browser doesn’t allow this page to copy.");
  flash(button, isCopied ? "copied" : "not-copied");
}

/**
 * Turn a title into the name of a text file: its letters and digits, with hyphens between the words.
 * @param {string} title
 */
function fileNameOf(title) {
  const words = title.normalize("NFC").toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? ["names"];
  const characters = [...words.join("-")].slice(0, 80);
  return `${characters.join("")}.txt`;
}

/**
 * Download names as a text file, one per line, and tell the reader.
 * @param {HTMLElement} button that was clicked
 * @param {string[]} names
 * @param {string} title
 */
function downloadAndTell(button, names, title) {
  const lines = names.map((name) => `${name}\n`);
  const url = URL.createObjectURL(new Blob(lines, { type: "text/plain;charset=utf-8" }));
  createElement("a", { href: url, download: fileNameOf(title) }).click();
  setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_MILLISECONDS);
  announce(`Saved ${countOf(names.length, "name")} as ${fileNameOf(title)}`);
  flash(button, "saved");
}
