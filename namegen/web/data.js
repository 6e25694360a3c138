// The data of a model, and the checks before they are used.

const LARGEST_RULE_NUMBER = 1e6; // nats; the rules of all lists are far below

/**
 * A model as Python writes it. docs/reference/file-formats.md explains each key.
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
 * @property {string[]} label_titles what the parts of a label are, such as "origin"
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
 * Open a model from a file, which may be damaged or hostile: check that its parts fit each other, and that all numbers
 * are finite.
 * @param {ModelDescription} description
 * @returns {Model}
 * @throws {Error} if the model is damaged; a Damage if it's known which part is
 */
function openChecked(description) {
  const { tensors, half, formula, metadata } = description;
  const { labels, probe, score_rules: rules } = metadata;
  const { hidden } = metadata.network;
  const characters = [...metadata.vocabulary];
  const outputs = characters.length + 1;
  requireSound(canRunFormula(formula), "formula");
  requireSound(hidden.length > 0, "hidden layers");
  requireSound(new Set(characters).size === characters.length, "vocabulary");
  requireSound(labels.every(({ names }) => names >= 0), "labels");
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
  const areSound = Object.entries(sizes).every(([name, size]) => hasFiniteNumbers(tensors[name], size, half));
  requireSound(areSound, "tensors");
  requireSound(probe === null || hasFiniteNumbers(probe, 2 * outputs, false), "probe");

  const ruleNumbers = rules.flatMap((rule) => Object.values(rule));
  const areSmall = ruleNumbers.every((number) => Math.abs(number) <= LARGEST_RULE_NUMBER);
  requireSound([0, 1, labels.length].includes(rules.length) && areSmall, "score rules");
  requireSound(metadata.shortest_name <= metadata.longest_name, "shortest name");
  const model = new Model(description);
  model.scorer?.check();
  return model;
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
  const inputs = gates + stateGates + states + vectors.length;
  const areSound = operations.every(({ name, of: operands }, k) => {
    if (!Object.hasOwn(OPERATIONS, name)) return false;
    const operandCount = OPERATIONS[name].length - 1; // the first parameter is the result
    return operands.length === operandCount && operands.every((index) => index < inputs + k);
  });
  const end = inputs + operations.length;
  return areSound && after.length === states && after.every((index) => index < end);
}
