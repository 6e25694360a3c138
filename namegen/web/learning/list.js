// Reading a list of names: one name per line, as namegen/core/data/corpus.py reads plain text.

const MOST_LEARNED = 2000; // names
const LONGEST_LEARNED = 200; // characters
const COLUMNS = /[\t,;]/;

/**
 * Read the names of a list. Duplicates stay, because they are the frequencies of the names.
 * @param {string} text
 * @param {ModelDescription} base the base model, which has to know their characters
 * @returns {string[]}
 * @throws {Error} with a message for readers
 */
function readList(text, base) {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  const names = lines.map((line) => line.trim().normalize("NFC")).filter(Boolean);
  if (names.length === 0) throw new Error("The list has no names. Write one name per line.");
  if (text.includes("\0")) throw new Error("This isn’t a list of names. Save the names as plain text.");
  if (names.length > MOST_LEARNED) {
    const count = `The list has ${withCommas(names.length)} names, but this page learns from up to 2,000.`;
    throw new Error(`${count} For a longer list, use the command “namegen train”.`);
  }
  const withColumns = names.filter((name) => COLUMNS.test(name));
  if (withColumns.length > names.length / 2) {
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
