// What the page says about the models.

const MOST_LISTED_LABELS = 12;

/**
 * Return how many names a list has.
 * @param {Metadata} metadata
 */
function sizeOfList({ training }) {
  return training.names === undefined ? "a list of names" : `${withCommas(training.names)} names`;
}

/** @param {PageDescription[]} models */
function showLead(models) {
  const [first, second] = models.map(({ metadata }) => sizeOfList(metadata));
  byId("lead").textContent = `${describeWork(first, second)} It all happens in your browser.`;
}

/**
 * Describe how the names are made.
 * @param {string} first the size of the first list
 * @param {string | undefined} second the size of the second list
 */
function describeWork(first, second) {
  const isPeople = descriptionOf(settings.model).parts !== undefined;
  if (isPeople) return "A small neural network makes up family names, letter by letter. The given names are real.";
  if (second !== undefined) {
    return `Two small neural networks learned from ${first} and ${second}. Now they make up names together.`;
  }
  return `A small neural network learned from ${first} and now makes up its own, letter by letter.`;
}

/**
 * Return what is known about a model, as terms and descriptions.
 * @param {PageDescription} description
 * @returns {[string, string][]}
 */
function factsOf(description) {
  const { title, credit, metadata } = description;
  const { training } = metadata;
  const hasBaseModel = Boolean(training.base_model);
  return [
    ["Model", title],
    ["Trained on", training.list === undefined ? "" : `${training.list}, ${sizeOfList(metadata)}`],
    ["Labels", describeLabels(metadata.labels)],
    [hasBaseModel ? "Sources, including the base model’s" : "Source of the list", credit],
    ["Network", describeNetwork(description)],
    ["Characters", withCommas([...metadata.vocabulary].length)],
    ["Parameters", withCommas(countParameters(description))],
  ];
}

/**
 * List the most common labels.
 * @param {LabelChoice[]} labels
 */
function describeLabels(labels) {
  const mostCommon = [...labels].sort((a, b) => b.names - a.names).slice(0, MOST_LISTED_LABELS);
  const listed = mostCommon.map(({ name, names }) => `${labelText(name)} (${withCommas(names)})`).join(", ");
  const more = labels.length - mostCommon.length;
  return more > 0 ? `${listed} and ${withCommas(more)} more` : listed;
}

/** @param {PageDescription} description */
function describeNetwork({ cell, metadata }) {
  const { hidden } = metadata.network;
  if (hidden.length === 1) return `${cell}, 1 layer of ${hidden[0]} units`;
  const areEqual = hidden.every((width) => width === hidden[0]);
  return `${cell}, ${hidden.length} layers of ${areEqual ? hidden[0] : hidden.join(" and ")} units`;
}

/** @param {PageDescription} description */
function countParameters({ tensors, half }) {
  const sizes = Object.values(tensors).map((text) => numbersFromText(text, half).length);
  return sizes.reduce((sum, size) => sum + size, 0);
}

function showFacts() {
  const models = chosenModels(settings);
  showLead(models);
  byId("about-heading").textContent = models.length === 1 ? "About this model" : "About these models";
  byId("facts").replaceChildren(...models.flatMap(createFacts));
}

/**
 * @param {PageDescription} description
 * @param {number} index of the model
 */
function createFacts(description, index) {
  const facts = factsOf(description).filter(([, text]) => text !== "");
  return facts.flatMap(([term, text], k) => {
    const isStartOfNextModel = k === 0 && index > 0;
    return [
      createElement("dt", { className: isStartOfNextModel ? "next" : "" }, term),
      createElement("dd", {}, createElement("bdi", {}, text)),
    ];
  });
}
