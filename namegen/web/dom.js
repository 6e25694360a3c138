// Small things that every part of the page uses. Texts of a model are placed as text (textContent), never as markup.

performance.mark("script begins");

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
