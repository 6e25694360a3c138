// The data of a model, and the checks before they are used. Python adds the constant SCHEMAS, which describes the
// fields: `PageDescription` in namegen/web/arithmetic.py, and `Metadata` in namegen/core/checkpoint/metadata.py.

const LARGEST_RULE_NUMBER = 1e6; // nats; the rules of all lists are far below

/**
 * A model as Python writes it. docs/guides/web-page.md explains each key.
 * @typedef {object} ModelDescription
 * @property {string} name
 * @property {string} title
 * @property {string} group
 * @property {string} credit
 * @property {string} notice
 * @property {string} spaces
 * @property {string} separators
 * @property {Record<string, string>} removal
 * @property {Record<string, string>} folding
 * @property {string} claimed the starts of listed companies' names, one per line
 * @property {Record<string, string>[]} spellings
 * @property {Record<string, string>} forms
 * @property {Record<string, string>} also_named_like
 * @property {string} cell
 * @property {Formula} formula
 * @property {Record<string, string>} tensors
 * @property {boolean} half
 * @property {Metadata} metadata
 */

/**
 * Everything else that a model contains.
 * @typedef {object} Metadata
 * @property {{hidden: number[], cell?: string, vocabulary_size?: number, labels?: number}} network
 * @property {string} engine the backend that trained the model
 * @property {string} vocabulary
 * @property {{name: string, names: number}[]} labels
 * @property {string[]} endings
 * @property {string | null} known_names
 * @property {string | null} ngrams
 * @property {string | null} words
 * @property {string | null} probe the self-test logits
 * @property {ScoreRule[]} score_rules
 * @property {string | null} score_quantiles
 * @property {number} shortest_name
 * @property {number} longest_name
 * @property {string[]} patterns
 * @property {"original" | "lower" | "upper"} letter_case
 * @property {{list?: string, names?: number, base_model?: unknown, credit?: string}} training
 */

/**
 * A JSON schema. Only these keywords occur in SCHEMAS.
 * @typedef {object} Schema
 * @property {string} [$ref]
 * @property {Schema[]} [anyOf]
 * @property {string} [type]
 * @property {Schema} [items]
 * @property {Record<string, Schema>} [properties]
 * @property {string[]} [required]
 * @property {Schema} [additionalProperties]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [exclusiveMinimum]
 */

/** @typedef {Record<string, Schema>} Definitions */

/** A damaged model. The message is the damaged part, such as "its tensors". */
class Damage extends Error {}

/**
 * Read a part of a model.
 * @template T
 * @param {string} part
 * @param {() => T} read
 * @returns {T}
 * @throws {Damage} if it can't be read
 */
function readOrDamage(part, read) {
  try {
    return read();
  } catch {
    throw new Damage(`its ${part}`);
  }
}

/**
 * @param {boolean} isSound
 * @param {string} part
 * @throws {Damage} if it isn't sound
 */
function requireSound(isSound, part) {
  if (!isSound) throw new Damage(`its ${part}`);
}

/**
 * Return whether a value conforms to a schema.
 * @param {any} value
 * @param {Schema} schema
 * @param {Definitions} definitions
 * @returns {boolean}
 */
function conforms(value, schema, definitions) {
  const { $ref, anyOf, type, items = {} } = schema;
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity } = schema;
  if ($ref !== undefined) return conforms(value, resolveReference($ref, definitions), definitions);
  if (anyOf !== undefined) return anyOf.some((choice) => conforms(value, choice, definitions));
  switch (type) {
    case undefined:
      return true;
    case "null":
      return value === null;
    case "boolean":
    case "string":
      return typeof value === type;
    case "array":
      return Array.isArray(value) && Array.from(value).every((item) => conforms(item, items, definitions)); // no holes
    case "object":
      return isPlainObject(value) && findWrongField(value, schema, definitions) === undefined;
    default: {
      const isNumber = type === "integer" ? Number.isInteger(value) : Number.isFinite(value);
      return isNumber && value >= minimum && value <= maximum && value > exclusiveMinimum;
    }
  }
}

/**
 * @param {string} reference such as "#/$defs/Formula"
 * @param {Definitions} definitions
 */
function resolveReference(reference, definitions) {
  return definitions[reference.slice(reference.lastIndexOf("/") + 1)];
}

/**
 * Find the first key of an object that is missing, unknown, or has a wrong value.
 * @param {Record<string, unknown>} value
 * @param {Schema} schema
 * @param {Definitions} definitions
 */
function findWrongField(value, { properties, required = [], additionalProperties = {} }, definitions) {
  return [...required, ...Object.keys(value)].find((key) => {
    const isAllowed = properties === undefined || Object.hasOwn(properties, key);
    if (!isAllowed || !Object.hasOwn(value, key)) return true;
    const schema = properties === undefined ? additionalProperties : properties[key];
    return !conforms(value[key], schema, definitions);
  });
}

/**
 * Check that the data of a model have exactly the fields that Python writes.
 * @param {any} description
 * @throws {Damage} if a field is missing, unknown or wrong
 */
function checkFields(description) {
  if (!isPlainObject(description)) throw new Damage("it is not an object");
  for (const [value, { $ref, $defs }] of [
    [description, SCHEMAS.model],
    [description.metadata, SCHEMAS.metadata],
  ]) {
    const wrongField = findWrongField(value, resolveReference($ref, $defs), $defs);
    if (wrongField !== undefined) throw new Damage(`its “${wrongField.slice(0, 60)}”`);
  }
}

/**
 * Check that the fields of a model fit each other, and that all numbers are finite.
 * @param {ModelDescription} description whose fields are checked already
 * @throws {Damage} if they don't fit
 */
function checkNumbers({ tensors, half, formula, metadata }) {
  const { labels, probe, score_rules: rules } = metadata;
  const { hidden } = metadata.network;
  const characters = [...metadata.vocabulary];
  const outputs = characters.length + 1;
  requireSound(canRunFormula(formula), "formula");
  requireSound(Array.isArray(hidden) && hidden.length > 0, "hidden layers");
  requireSound(new Set(characters).size === characters.length, "vocabulary");
  requireSound(labels.length === 0 || labels.some(({ names }) => names > 0), "labels");

  // How many numbers each tensor has.
  const { gates, state_gates: stateGates, biases, vectors } = formula;
  /** @type {Record<string, number>} */
  const sizes = {};
  let inputs = outputs + labels.length;
  hidden.forEach((width, k) => {
    sizes[`rnn.${k}.kernel`] = inputs * gates * width;
    sizes[`rnn.${k}.recurrent_kernel`] = width * stateGates * width;
    sizes[`rnn.${k}.bias`] = biases * gates * width;
    for (const vector of vectors) sizes[`rnn.${k}.${vector}`] = width;
    inputs = width;
  });
  sizes["output.kernel"] = inputs * outputs;
  sizes["output.bias"] = outputs;
  const names = Object.keys(sizes);
  const hasNames = Object.keys(tensors).length === names.length && names.every((name) => Object.hasOwn(tensors, name));
  requireSound(hasNames && names.every((name) => hasFiniteNumbers(tensors[name], sizes[name], half)), "tensors");
  requireSound(probe === null || hasFiniteNumbers(probe, 2 * outputs, false), "probe");

  const ruleNumbers = rules.flatMap((rule) => Object.values(rule));
  const areSmall = ruleNumbers.every((number) => Math.abs(number) <= LARGEST_RULE_NUMBER);
  requireSound([0, 1, labels.length].includes(rules.length) && areSmall, "score rules");
  requireSound(metadata.shortest_name <= metadata.longest_name, "shortest name");
}

/**
 * Return whether a text has so many numbers, all of them finite.
 * @param {string} text
 * @param {number} count
 * @param {boolean} isHalf
 */
function hasFiniteNumbers(text, count, isHalf) {
  const numbers = numbersFromText(text, isHalf);
  return numbers.length === count && numbers.every(Number.isFinite);
}

/**
 * Return whether all operations of a cell are known, and read only values that exist before them.
 * @param {Formula} formula
 */
function canRunFormula({ gates, state_gates: stateGates, states, vectors, operations, after }) {
  const hasSoundCounts = gates > 0 && stateGates >= 0 && stateGates <= gates && states > 0 && after.length === states;
  const inputs = gates + stateGates + states + vectors.length;
  const areSound = operations.every(({ name, of: operands }, k) => {
    if (!Object.hasOwn(OPERATIONS, name)) return false;
    const operandCount = OPERATIONS[name].length - 1; // the first parameter is the result
    return operands.length === operandCount && operands.every((index) => index >= 0 && index < inputs + k);
  });
  const end = inputs + operations.length;
  return hasSoundCounts && areSound && after.every((index) => index >= 0 && index < end);
}
