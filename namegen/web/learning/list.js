// Reading a list of names: one name per line, as namegen/core/data/list_formats.py reads plain text. Python adds the
// constant PASTED, which has the patterns of that file.

const MOST_LEARNED = 2000; // names
const LONGEST_LEARNED = 200; // characters
const COLUMNS = /[\t;]|,\S/; // in a name, such as "Acme, Inc.", a space follows the comma
const FEWEST_PASTED = 3; // so many lines, and half of all lines, must match a pattern
const CONSECUTIVE = 0.8; // the smallest share of item numbers that are one more than the previous number

/** What pasted lists have around each name. The last group of a pattern is the name. */
const PASTED_PATTERNS = PASTED.map((pattern) => new RegExp(`^${pattern}$`, "u"));

/**
 * Read the names of a list. Duplicates stay, because they are the frequencies of the names.
 * @param {string} text
 * @param {ModelDescription} base the base model, which has to know their characters
 * @returns {string[]}
 * @throws {Error} with a message for readers
 */
function readList(text, base) {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  const names = withoutMarks(lines.map((line) => line.trim().normalize("NFC")).filter(Boolean));
  if (names.length === 0) throw new Error("The list has no names. Write one name per line.");
  if (text.includes("\0")) throw new Error("This isn’t a list of names. Save the names as plain text.");
  if (names.length > MOST_LEARNED) {
    const count = `The list has ${withCommas(names.length)} names, but this page learns from up to 2,000.`;
    throw new Error(`${count} For a longer list, use the command “namegen train”.`);
  }
  const isOneLine = names.length === 1 && names[0].split(",").length > 2;
  if (isOneLine || names.filter((name) => COLUMNS.test(name)).length > names.length / 2) {
    throw new Error("The list has several columns, or commas between names. Write one name per line and nothing else.");
  }
  const long = names.find((name) => [...name].length > LONGEST_LEARNED);
  if (long !== undefined) {
    throw new Error(`${describeValue(long)}… has more than ${LONGEST_LEARNED} characters. Write one name per line.`);
  }
  const characters = [...names.join("")];
  const unknown = characters.filter((character) => !base.metadata.vocabulary.includes(character));
  if (unknown.length > (1 - FEWEST_KNOWN) * characters.length) {
    const shown = [...new Set(unknown)].slice(0, MOST_LISTED).join(" ");
    throw new Error(`The page can’t learn names with these characters: ${shown} Use the command “namegen train”.`);
  }
  return names;
}

/**
 * Remove bullets, item numbers and so on, if the list was pasted from a page.
 * @param {string[]} lines
 */
function withoutMarks(lines) {
  let names = lines;
  for (const pattern of PASTED_PATTERNS) {
    const matches = names.map((name) => name.match(pattern));
    const matching = matches.filter((match) => match !== null);
    const hasEnough = matching.length >= Math.max(FEWEST_PASTED, names.length / 2);
    const numbers = matching.filter(({ length }) => length > 2).map(([, number]) => Number(number));
    const steps = numbers.filter((number, k) => k > 0 && number - numbers[k - 1] === 1);
    if (!hasEnough || steps.length < CONSECUTIVE * (numbers.length - 1)) continue;
    names = names.map((name, k) => (matches[k]?.at(-1) ?? name).trim()).filter(Boolean);
  }
  return names;
}
