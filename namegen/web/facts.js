// What the page says about the models.

const MOST_LISTED_LABELS = 12;

/**
 * Return how many names a list has.
 * @param {Metadata} metadata
 */
function sizeOfList({ training }) {
  return training.names === undefined ? "a list of names" : `${withCommas(training.names)} names`;
}

/** Describe how the names are made, and the chosen models. */
function showFacts() {
  const models = chosenModels();
  const [first, second] = models.map(({ metadata }) => sizeOfList(metadata));
  const isPeople = descriptionOf(settings.model).parts !== undefined;
  let work = `A small neural network learned from ${first} and now makes up its own, letter by letter.`;
  if (isPeople) {
    work = "A small neural network makes up family names, letter by letter. The given names are real.";
  } else if (second !== undefined) {
    work = `Two small neural networks learned from ${first} and ${second}. Now they make up names together.`;
  }
  byId("lead").textContent = `${work} It all happens in your browser.`;
  byId("about-heading").textContent = models.length === 1 ? "About this model" : "About these models";
  byId("facts").replaceChildren(...models.flatMap(createFacts));
}

/**
 * List what is known about a model, as terms and descriptions.
 * @param {PageDescription} description
 * @param {number} index of the model
 */
function createFacts({ title, credit, cell, tensors, half, metadata, label_titles: titles }, index) {
  const { training, labels } = metadata;
  const { hidden } = metadata.network;
  const list = training.list === undefined ? "" : `${training.list}, ${sizeOfList(metadata)}`;

  const mostCommon = labels.toSorted((a, b) => b.names - a.names).slice(0, MOST_LISTED_LABELS);
  const labelTitle = withCapital(titles.join(" and ") || "labels");
  const listedLabels = mostCommon.map(({ name, names }) => `${labelText(name)} (${withCommas(names)})`).join(", ");
  const moreLabels = labels.length - mostCommon.length;

  const parameterCounts = Object.values(tensors).map((data) => numbersOf(data, half).length);

  const facts = [
    ["Model", title],
    ["Trained on", list],
    [labelTitle, moreLabels > 0 ? `${listedLabels} and ${withCommas(moreLabels)} more` : listedLabels],
    [training.base_model ? "Sources, including the base model’s" : "Source of the list", credit],
    ["Network", `${cell} with ${hidden.join(" and ")} units`],
    ["Parameters", withCommas(parameterCounts.reduce((sum, count) => sum + count, 0))],
  ].filter(([, text]) => text !== "");
  return facts.flatMap(([term, text], k) => {
    const isStartOfNextModel = k === 0 && index > 0;
    return [
      createElement("dt", { className: isStartOfNextModel ? "next" : "" }, term),
      createElement("dd", {}, createElement("bdi", {}, text)),
    ];
  });
}
