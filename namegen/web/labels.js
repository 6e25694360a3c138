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
  return parts.map(quotePart).join(",");
}

/** @param {string} part */
function quotePart(part) {
  const needsQuotes = /[",]/.test(part);
  return needsQuotes ? `"${part.replaceAll('"', '""')}"` : part;
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
  const columns = columnsOf(rows);
  if (columns.length === 1 && labels.includes(request)) return [labels.indexOf(request)];
  const requestedParts = splitRequest(request, columns);
  if (!requestedParts.some(Boolean)) return [];
  const isInOrder = requestedParts.length === columns.length;
  const allColumns = [...columns.keys()];
  let indexes = [...labels.keys()];
  requestedParts.forEach((text, k) => {
    const searchedColumns = isInOrder ? [k] : allColumns;
    if (text) indexes = labelsWithPart(text, indexes, rows, searchedColumns);
  });
  return indexes;
}

/**
 * @param {string[][]} rows the parts of each label
 * @returns {string[][]} for each part, the values of all labels
 */
function columnsOf(rows) {
  const [firstRow = []] = rows;
  return firstRow.map((_, column) => rows.map((row) => row[column]));
}

/**
 * Split a request into its parts. The value of a part may contain commas, and then the request is this one value.
 * @param {string} request
 * @param {string[][]} columns
 */
function splitRequest(request, columns) {
  const isOneValue = Boolean(findValue(request, columns.flat()));
  return isOneValue ? [request] : splitLabel(request);
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

/**
 * Return the labels that have a part, or leave it empty.
 * @param {string} text the part
 * @param {number[]} indexes of the labels that are searched
 * @param {string[][]} rows the parts of each label
 * @param {number[]} searchedColumns
 */
function labelsWithPart(text, indexes, rows, searchedColumns) {
  const valuesIn = (/** @type {number} */ column) => rows.map((row) => row[column]);
  const value = findValue(text, searchedColumns.flatMap(valuesIn));
  const isOnlyColumn = searchedColumns.length === 1;
  const matchingColumns = searchedColumns.filter((column) => {
    const values = valuesIn(column);
    const isEmpty = values.every((cell) => cell === "");
    return (value !== null && values.includes(value)) || (isOnlyColumn && isEmpty);
  });
  return indexes.filter((index) =>
    matchingColumns.some((column) => rows[index][column] === "" || rows[index][column] === value),
  );
}
