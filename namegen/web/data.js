// The data that export-web writes beside the module, checked before anything is computed with them.

const FORMAT = "namegen-names"; // as namegen/web/module.py writes it
const FORMAT_VERSION = 2;

/** The descriptions of the models in a file, which nobody has looked into yet. */
function modelsOf(data) {
  let content = data;
  try {
    if (typeof data === "string") content = JSON.parse(data);
  } catch (error) {
    throw new Error(`the data are no JSON (${error.message}): give the file that export-web wrote beside the module`);
  }
  if (content?.format !== FORMAT || !Array.isArray(content.models) || content.models.length === 0) {
    throw new Error("the data are no models of namegen: give the file that export-web wrote beside the module");
  }
  if (content.version !== FORMAT_VERSION) {
    throw new Error(
      `the data have the version ${told(content.version)}, this module reads ${FORMAT_VERSION}: export both together`,
    );
  }
  return content.models;
}

/** What of a model is damaged. */
class Damage extends Error {}

const isText = (value) => typeof value === "string";
const isCount = (value) => Number.isSafeInteger(value) && value > 0;
const orNull = (usable) => (value) => value === null || usable(value);
const isList = (usable) => (value) => Array.isArray(value) && Array.from(value).every(usable);
/** Of a table from characters to what stands for them. */
const isTable = (value) =>
  isPlain(value) && Object.entries(value).every(([key, text]) => [...key].length === 1 && isText(text) && text !== key);

// What each field has to be; `namegen/web/description.py` names them.
const FIELDS = {
  name: isText,
  title: isText,
  list: orNull(isText),
  names: orNull(isCount),
  credit: isText,
  notice: isText,
  cell: (value) => isText(value) && Object.hasOwn(CELLS, value),
  hidden: (value) => isList(isCount)(value) && value.length > 0,
  parameters: isCount,
  characters: (value) => isText(value) && new Set(value).size === [...value].length,
  labels: isList((one) => isPlain(one) && isText(one.name) && isCount(one.names) && Object.keys(one).length === 2),
  probe: orNull((value) => isList(isText)(value) && value.length === 2),
  trained_by: isText,
  spaces: isText,
  longest: (value) => isCount(value) && value <= LARGEST.length,
  temperature: (value) => Number.isFinite(value) && value >= 0,
  endings: isList(isText),
  separators: isText,
  removal: isTable,
  folding: isTable,
  tensors: (value) => isPlain(value) && Object.values(value).every(isText),
  known_names: orNull(isText),
  checksum: isText,
};

/** Whether a description has the fields that `namegen/web/export.py` writes, and is as it was written. */
function check(description) {
  if (!isPlain(description)) throw new Damage("it is no object");
  for (const [name, usable] of Object.entries(FIELDS)) {
    if (!Object.hasOwn(description, name) || !usable(description[name])) throw new Damage(`its ${name}`);
  }
  const other = Object.keys(description).find((name) => !Object.hasOwn(FIELDS, name));
  if (other !== undefined) throw new Damage(`it has ${told(other)}`);
  const { checksum, ...rest } = description;
  if (checksumOf(rest) !== checksum) throw new Damage("it is not what its checksum says");
  checkNumbers(description);
}

/** Whether there are as many numbers as the network has, all of them finite, and digests in order. */
function checkNumbers({ cell, hidden, characters, labels, tensors, parameters, probe, known_names: knownNames }) {
  const shapes = shapesOf(cell, hidden, [...characters].length + 1, labels.length);
  const counts = Object.values(shapes);
  const holds = (text, count) => {
    const bytes = bytesOfBase64(text);
    return bytes.byteLength === 4 * count && new Float32Array(bytes).every(Number.isFinite);
  };
  const fits = ([name, count]) => Object.hasOwn(tensors, name) && holds(tensors[name], count);
  const whole = Object.keys(tensors).length === counts.length && counts.reduce((a, b) => a + b) === parameters;
  if (!whole || !Object.entries(shapes).every(fits)) throw new Damage("its tensors");
  if (probe !== null && !probe.every((row) => holds(row, [...characters].length + 1))) throw new Damage("its probe");
  if (knownNames !== null) {
    const bytes = bytesOfBase64(knownNames);
    const digests = new BigUint64Array(bytes, 0, Math.floor(bytes.byteLength / 8));
    const rising = digests.every((digest, k) => k === 0 || digests[k - 1] < digest);
    if (bytes.byteLength % 8 || !rising) throw new Damage("its known_names");
  }
}

/** How many numbers each tensor has. */
function shapesOf(cell, hidden, outputs, labels) {
  const gates = { simple_rnn: 1, gru: 3, lstm: 4 }[cell];
  const shapes = {};
  let inputs = outputs + labels;
  hidden.forEach((width, k) => {
    shapes[`rnn.${k}.kernel`] = inputs * gates * width;
    shapes[`rnn.${k}.recurrent_kernel`] = width * gates * width;
    shapes[`rnn.${k}.bias`] = (cell === "gru" ? 2 : 1) * gates * width;
    inputs = width;
  });
  return { ...shapes, "output.kernel": inputs * outputs, "output.bias": outputs };
}
