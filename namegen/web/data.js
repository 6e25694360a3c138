// The data of a model, checked before anything is computed with them. SCHEMAS, which Python writes behind these files, has
// the fields: `PageDescription` in namegen/web/arithmetic.py, and `Metadata` in namegen/core/checkpoint/metadata.py.

/** Whether it is an object as one is written down: no list, no Map, nothing that a class has made. */
function isPlain(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const kind = Object.getPrototypeOf(value); // of another window its own
  return kind === null || Object.getPrototypeOf(kind) === null;
}

const LARGEST_RULE = 1e6; // nats: far beyond any list

/** What of a model is damaged. */
class Damage extends Error {}

/** What a function reads from a part of a model's data; a Damage if it throws. */
function undamaged(part, read) {
  try {
    return read();
  } catch {
    throw new Damage(`its ${part}`);
  }
}

/** Whether a value is as a JSON schema says; of the words of schemas those that SCHEMAS has. */
function fits(value, schema, definitions) {
  if (schema.$ref) return fits(value, definitions[schema.$ref.split("/").at(-1)], definitions);
  if (schema.anyOf) return schema.anyOf.some((one) => fits(value, one, definitions));
  switch (schema.type) {
    case undefined:
      return true;
    case "null":
      return value === null;
    case "boolean":
    case "string":
      return typeof value === schema.type;
    case "array":
      return Array.isArray(value) && Array.from(value).every((one) => fits(one, schema.items, definitions));
    case "object":
      return isPlain(value) && wrongField(value, schema, definitions) === undefined;
    default: {
      const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity } = schema;
      const usable = schema.type === "integer" ? Number.isInteger(value) : Number.isFinite(value);
      return usable && value >= minimum && value <= maximum && value > exclusiveMinimum;
    }
  }
}

/** The first key of an object that is missing, unknown, or not as its schema says. */
function wrongField(value, { properties, required = [], additionalProperties = {} }, definitions) {
  const isKnown = (key) => Object.hasOwn(value, key) && (!properties || Object.hasOwn(properties, key));
  const schemaOf = (key) => (properties ? properties[key] : additionalProperties);
  return [...required, ...Object.keys(value)].find((key) => !isKnown(key) || !fits(value[key], schemaOf(key), definitions));
}

/** Whether a description and its metadata have the fields that Python gives them; else a Damage. */
function checkFields(description) {
  if (!isPlain(description)) throw new Damage("it is no object");
  for (const [value, { $ref, $defs }] of [[description, SCHEMAS.model], [description.metadata, SCHEMAS.metadata]]) {
    const wrong = wrongField(value, $defs[$ref.split("/").at(-1)], $defs);
    if (wrong !== undefined) throw new Damage(`its “${wrong.slice(0, 60)}”`);
  }
}

/** Whether fields fit each other: as many numbers as the network has, all of them finite, and as many rules as labels. */
function checkNumbers({ tensors, half, formula, metadata }) {
  const { network, vocabulary, labels, probe, score_rules: rules } = metadata;
  const characters = [...vocabulary];
  const { hidden } = network;
  if (!canRun(formula)) throw new Damage("its formula");
  if (!Array.isArray(hidden) || hidden.length === 0) throw new Damage("its hidden layers");
  if (new Set(characters).size !== characters.length) throw new Damage("its vocabulary");
  if (labels.length && !labels.some(({ names }) => names > 0)) throw new Damage("its labels");
  const holds = (text, count, isHalf = false) => {
    const numbers = numbersOfText(text, isHalf);
    return numbers.length === count && numbers.every(Number.isFinite);
  };
  const shapes = shapesOf(formula, hidden, characters.length + 1, labels.length);
  const hasTensor = ([name, count]) => Object.hasOwn(tensors, name) && holds(tensors[name], count, half);
  const isWhole = Object.keys(tensors).length === Object.keys(shapes).length;
  if (!isWhole || !Object.entries(shapes).every(hasTensor)) throw new Damage("its tensors");
  if (probe !== null && !holds(probe, 2 * (characters.length + 1))) throw new Damage("its probe");
  const isTooLarge = (rule) => Object.values(rule).some((number) => Math.abs(number) > LARGEST_RULE);
  const hasRules = [0, 1, labels.length].includes(rules.length) && !rules.some(isTooLarge);
  if (!hasRules) throw new Damage("its score rules");
  if (metadata.shortest_name > metadata.longest_name) throw new Damage("its shortest name");
}

/** Whether all operations of a cell are known, and read only what is there before them. */
function canRun({ gates, state_gates, states, operations, after }) {
  const given = gates + state_gates + states;
  const isThere = (place, end) => place >= 0 && place < end;
  const knows = ({ name, of }, k) =>
    Object.hasOwn(OPERATIONS, name) && of.length === OPERATIONS[name].length - 1 && of.every((place) => isThere(place, given + k));
  const isSound = gates > 0 && state_gates >= 0 && state_gates <= gates && states > 0 && after.length === states;
  return isSound && operations.every(knows) && after.every((place) => isThere(place, given + operations.length));
}

/** How many numbers each tensor has. */
function shapesOf({ gates, state_gates, biases }, hidden, outputs, labels) {
  const shapes = {};
  let inputs = outputs + labels;
  hidden.forEach((width, k) => {
    shapes[`rnn.${k}.kernel`] = inputs * gates * width;
    shapes[`rnn.${k}.recurrent_kernel`] = width * state_gates * width;
    shapes[`rnn.${k}.bias`] = biases * gates * width;
    inputs = width;
  });
  return { ...shapes, "output.kernel": inputs * outputs, "output.bias": outputs };
}
