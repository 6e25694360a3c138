// Labels of names, such as an origin. A label with several parts is a line of CSV: "Finnish,female", or "Finnish," for
// a name of both genders. namegen/core/data/label_parts.py in JavaScript.

/**
 * Split a label into its parts.
 * @param {string} label
 * @returns {string[]}
 */
function splitLabel(label) {
  const cells = [...`${label},`.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*)),/g)];
  return cells.map(([, quoted, plain]) => (quoted?.replaceAll('""', '"') ?? plain).trim());
}

/**
 * Join parts to a label.
 * @param {string[]} parts
 */
function joinLabel(parts) {
  if (parts.length === 1) return parts[0];
  const cells = parts.map((part) => (/[",]/.test(part) ? `"${part.replaceAll('"', '""')}"` : part));
  return cells.join(",");
}

/**
 * Return a label as readers see it, without its empty parts.
 * @param {string} label
 */
function labelText(label) {
  return splitLabel(label).filter(Boolean).join(", ");
}

/**
 * Split labels into their parts. If they don't all have the same number of parts, each label is one part.
 * @param {string[]} labels
 * @returns {string[][]}
 */
function splitLabels(labels) {
  const parts = labels.map(splitLabel);
  const haveSameCount = parts.every(({ length }) => length === parts[0].length);
  return haveSameCount ? parts : labels.map((label) => [label]);
}

/**
 * Find the labels that have every requested part. Letter case matters only if the request is ambiguous without it. A
 * label that leaves a part empty has all values of this part.
 * @param {string} request a value of any part, or all parts in their order; empty parts match all values
 * @param {string[]} labels
 * @returns {number[]} the indexes of the labels
 */
function findLabels(request, labels) {
  const rows = splitLabels(labels);
  const columnCount = rows[0]?.length ?? 0;
  if (columnCount === 1 && labels.includes(request)) return [labels.indexOf(request)];
  // The value of a part may contain commas, and then the request is this one value.
  const isOneValue = Boolean(findValue(request, rows.flat()));
  const requestedParts = isOneValue ? [request] : splitLabel(request);
  if (!requestedParts.some(Boolean)) return [];
  const isInOrder = requestedParts.length === columnCount;
  let indexes = [...labels.keys()];
  requestedParts.forEach((text, k) => {
    if (text === "") return;
    const searchedColumns = isInOrder ? [k] : [...Array(columnCount).keys()];
    const value = findValue(text, rows.flatMap((row) => searchedColumns.map((column) => row[column])));
    const matchingColumns = searchedColumns.filter((column) => {
      const hasValue = value !== null && rows.some((row) => row[column] === value);
      const isEmpty = rows.every((row) => row[column] === "");
      return hasValue || (searchedColumns.length === 1 && isEmpty);
    });
    indexes = indexes.filter((index) => matchingColumns.some((column) => ["", value].includes(rows[index][column])));
  });
  return indexes;
}

/**
 * Find a value. Letter case matters only if several values differ in nothing else.
 * @param {string} text
 * @param {string[]} values
 * @returns {string | null} null if there is no such value, or several
 */
function findValue(text, values) {
  if (values.includes(text)) return text;
  const lowerCase = text.toLowerCase();
  const matching = new Set(values.filter((value) => value.toLowerCase() === lowerCase));
  return matching.size === 1 ? [...matching][0] : null;
}
