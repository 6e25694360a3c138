// Model files: .safetensors files that the command line also reads. namegen/core/checkpoint/tensor_file.py in
// JavaScript.

const NOT_A_MODEL = "This isn’t a model file that this page saved, or it is damaged. Open another file.";
/** The names of types in a file, and in NumPy. @type {Record<string, string>} */
const NUMPY_TYPES = { F32: "<f4", U8: "|u1" };

/** @typedef {{name: string, dtype: string, shape: number[], values: any}} FileTensor */

/**
 * Compute the checksum of a model file.
 * @param {FileTensor[]} tensors sorted by name
 * @param {string} document the JSON of the rest
 */
async function checksumOf(tensors, document) {
  const parts = tensors.flatMap(({ name, dtype, shape, values }) => {
    const shapeText = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`; // as Python writes a tuple
    return [`${name}\0${NUMPY_TYPES[dtype]}\0${shapeText}\0`, values];
  });
  const content = await new Blob([...parts, document]).arrayBuffer();
  return blake2b(new Uint8Array(content), 32);
}

/**
 * Write a model that this page has learned.
 * @param {ModelDescription} description
 * @returns {Promise<Blob>}
 */
async function writeModelFile({ tensors, metadata }) {
  const V = [...metadata.vocabulary].length + 1;
  const [H] = metadata.network.hidden;
  const { known_names: knownNames, ngrams } = metadata;
  /** @type {Record<string, any>} */
  const arrays = { ...tensors, known_names: knownNames, ngrams };
  /** @type {Record<string, number[]>} */
  const shapes = {
    "output.kernel": [H, V],
    "rnn.0.bias": [2, 3 * H],
    "rnn.0.kernel": [V, 3 * H],
    "rnn.0.recurrent_kernel": [H, 3 * H],
  };
  const written = Object.keys(arrays).sort().map((name) => ({
    name,
    dtype: arrays[name] instanceof Float32Array ? "F32" : "U8",
    shape: shapes[name] ?? [arrays[name].length],
    values: arrays[name],
  }));
  const plainMetadata = { ...metadata, ngrams: null, known_names: null };
  const document = { format_version: MODEL_FILE_VERSION, kind: "checkpoint", metadata: plainMetadata };
  const checksum = await checksumOf(written, canonicalJson(document));

  /** @type {Record<string, unknown>} */
  const header = { __metadata__: { namegen: canonicalJson({ ...document, checksum }) } };
  let offset = 0;
  for (const { name, dtype, shape, values } of written) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const size = new BigUint64Array([BigInt(json.length)]);
  return new Blob([size, json, ...written.map(({ values }) => values)]);
}

/**
 * Read a model that this page wrote.
 * @param {ArrayBuffer} content
 * @param {ModelDescription} base
 * @param {string} title
 * @returns {Promise<ModelDescription>}
 * @throws {Error} with a message for readers
 */
async function readModelFile(content, base, title) {
  try {
    const start = 8 + Number(new DataView(content).getBigUint64(0, true)); // of the tensors
    const { __metadata__: head, ...entries } = JSON.parse(new TextDecoder().decode(content.slice(8, start)));
    const { checksum, kind, format_version: version, metadata } = JSON.parse(head.namegen);
    const read = Object.keys(entries).sort().map((name) => {
      const { dtype, shape, data_offsets: offsets } = entries[name];
      const bytes = content.slice(start + offsets[0], start + offsets[1]);
      return { name, dtype, shape, values: dtype === "F32" ? new Float32Array(bytes) : new Uint8Array(bytes) };
    });
    const document = head.namegen.replace(`"checksum":"${checksum}",`, "");
    const isWhole = (await checksumOf(read, document)) === checksum;
    const hasFormat = kind === "checkpoint" && version === MODEL_FILE_VERSION;

    /** @type {Record<string, any>} */
    const arrays = Object.fromEntries(read.map(({ name, values }) => [name, values]));
    const { ngrams, known_names, ...tensors } = arrays;
    const tables = tablesFor(base, [...metadata.vocabulary]);
    const wholeMetadata = { ...metadata, ngrams, known_names };
    const description = { ...base, ...tables, name: "", title, half: false, tensors, metadata: wholeMetadata };
    if (!isWhole || !hasFormat) throw new Error("damaged");
    openModel(description);
    return description;
  } catch (error) {
    throw new Error(NOT_A_MODEL, { cause: error });
  }
}

/**
 * Write JSON with sorted keys and without spaces, as Python does.
 * @param {unknown} value
 * @returns {string}
 */
function canonicalJson(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
}
