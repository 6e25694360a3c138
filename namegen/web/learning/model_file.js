// Model files: .safetensors files that the command line reads, too. namegen/core/checkpoint/tensor_file.py in
// JavaScript.

const LARGEST_MODEL_FILE = 20_000_000; // bytes
const NOT_A_MODEL = "This isn’t a model file that this page saved, or it is damaged. Open another file.";
/** The fields of the metadata that a file contains as tensors of bytes. @type {["ngrams", "known_names"]} */
const SETS = ["ngrams", "known_names"];

/**
 * Write a model that this page has learned.
 * @param {ModelDescription} description
 * @returns {Blob}
 */
function writeModelFile({ tensors, metadata }) {
  const V = [...metadata.vocabulary].length + 1;
  const [H] = metadata.network.hidden;
  /** @type {Record<string, number[]>} */
  const shapes = {
    "output.bias": [V],
    "output.kernel": [H, V],
    "rnn.0.bias": [2, 3 * H],
    "rnn.0.kernel": [V, 3 * H],
    "rnn.0.recurrent_kernel": [H, 3 * H],
  };
  const written = Object.entries(tensors).map(([name, text]) => ({
    name,
    dtype: "F32",
    numpyType: "<f4",
    shape: shapes[name],
    bytes: bytesFromText(text),
  }));
  for (const name of SETS) {
    const bytes = bytesFromText(metadata[name] ?? "");
    written.push({ name, dtype: "U8", numpyType: "|u1", shape: [bytes.length], bytes });
  }
  written.sort((a, b) => (a.name < b.name ? -1 : 1));

  const plainMetadata = { ...metadata, ngrams: null, known_names: null };
  const document = { format_version: MODEL_FILE_VERSION, kind: "checkpoint", metadata: plainMetadata };
  const encoder = new TextEncoder();
  const hashed = written.flatMap(({ name, numpyType, shape, bytes }) => {
    const shapeText = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
    return [encoder.encode(`${name}\0${numpyType}\0${shapeText}\0`), bytes];
  });
  hashed.push(encoder.encode(canonicalJson(document)));
  const checksum = blake2b(joinBytes(hashed), 32);

  /** @type {Record<string, unknown>} */
  const header = { __metadata__: { namegen: canonicalJson({ ...document, checksum }) } };
  let offset = 0;
  for (const { name, dtype, shape, bytes } of written) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  const json = encoder.encode(JSON.stringify(header));
  const size = new BigUint64Array([BigInt(json.length)]);
  return new Blob([size, json, ...written.map(({ bytes }) => bytes)]);
}

/**
 * Read a model that this page wrote.
 * @param {ArrayBuffer} content
 * @param {ModelDescription} base
 * @param {string} title
 * @returns {ModelDescription}
 * @throws {Error} with a message for readers
 */
function readModelFile(content, base, title) {
  try {
    if (content.byteLength > LARGEST_MODEL_FILE) throw new Damage("its size");
    const headerSize = Number(new DataView(content).getBigUint64(0, true));
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const header = JSON.parse(decoder.decode(content.slice(8, 8 + headerSize)));
    const { metadata, kind, format_version: version } = JSON.parse(header.__metadata__.namegen);
    requireSound(kind === "checkpoint" && version === MODEL_FILE_VERSION, "format");
    const textOf = (/** @type {string} */ name) => {
      const [start, end] = header[name].data_offsets;
      return textFromBytes(new Uint8Array(content.slice(8 + headerSize + start, 8 + headerSize + end)));
    };
    for (const name of SETS) metadata[name] = textOf(name);
    const names = Object.keys(base.tensors);
    const tensors = Object.fromEntries(names.map((name) => [name, textOf(name)]));
    const half = names.every((name) => header[name].dtype === "F16");
    const tables = tablesFor(base, [...metadata.vocabulary]);
    const description = { ...base, ...tables, name: "", title, group: "yours", half, tensors, metadata };
    requireSound(metadata.network.cell === "gru" && openChecked(description).passesSelfTest, "network");
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

/** @param {Uint8Array[]} parts */
function joinBytes(parts) {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
