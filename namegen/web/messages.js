// Messages that the page and the module have in common.

/**
 * Write a number with commas: 12,345. The browser's own formatting takes longer to load than the first names.
 * @param {number} number
 */
function withCommas(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * Write a count: "1 name", "2 names".
 * @param {number} count
 * @param {string} noun
 */
function countOf(count, noun) {
  return count === 1 ? `1 ${noun}` : `${withCommas(count)} ${noun}s`;
}

/** @param {{title: string}} model */
function needsLabel({ title }) {
  return `To blend “${title}”, choose one of its labels.`;
}

/**
 * Explain why a model isn't used.
 * @param {string} program
 * @param {{title: string, metadata: Metadata}} model
 */
function explainFailedSelfTest(program, { title, metadata }) {
  return (
    `${program} can’t run “${title}”: it computes other values than the backend “${metadata.engine}”, which trained ` +
    "the model. Use the model with that backend."
  );
}

/**
 * Explain that most names didn't reach the threshold; "" if they did.
 * @param {Search} search
 */
function explainFilledNames(search) {
  const { names, filled, isMostlyFilled } = search;
  if (!isMostlyFilled) return "";
  const reaching = names.length - filled;
  if (reaching === 0) return "None of these names reaches the usual score. They are the best names that fit.";
  const verb = reaching === 1 ? "reaches" : "reach";
  return (
    `Only ${withCommas(reaching)} of these ${countOf(names.length, "name")} ${verb} the usual score. ` +
    "The others are the best names that fit."
  );
}

/**
 * Explain why a search returned fewer names than requested.
 * @param {Search} search
 */
function explainTooFewNames(search) {
  const { names, trouble, model, request } = search;
  if (trouble !== null) return explainNoNames(trouble, model);
  if (request.temperature === 0) return explainTemperature0(search);
  const count = names.length > 0 ? "No more" : "No";
  return `${count} matching names turned up in ${withCommas(search.draws)} tries. ${suggestMoreNames(request)}`;
}

/** @param {Search} search */
function explainTemperature0({ names, model, request }) {
  if (names.length === 0) {
    return "At temperature 0 there is only one name, and it doesn’t fit. Raise the temperature.";
  }
  const hasSeveralLabels = model.startTokens.length > 1 && request.label === null;
  const limit = hasSeveralLabels ? "there is only one name for each label" : "there is only one name";
  return `Temperature 0 always takes the most likely letter, so ${limit}. Raise the temperature.`;
}

/**
 * Suggest settings that allow more names.
 * @param {SearchRequest} request
 */
function suggestMoreNames({ first, contains, ends, temperature, onlyNew }) {
  const suggestions = ["Allow more lengths"];
  if (first || contains || ends) suggestions.push("use fewer or different letters");
  suggestions.push(temperature > 1.5 ? "lower the temperature" : "raise the temperature");
  if (onlyNew) suggestions.push("allow names from the list");
  const last = suggestions.pop();
  const comma = suggestions.length > 1 ? "," : "";
  return `${suggestions.join(", ")}${comma} or ${last}.`;
}

/**
 * @param {Trouble} trouble
 * @param {NameSource} model
 */
function explainNoNames(trouble, model) {
  switch (trouble.why) {
    case "self-test":
      return explainFailedSelfTest("This page", trouble.model);
    case "letter":
      return explainUnknownLetter(trouble.letter, model);
    case "space":
      return "A name can’t start or end with a space. Remove the space.";
    case "lengths":
      return "No name fits these lengths. Raise the longest length, or use fewer letters.";
    default:
      return "Neither model knows all of these first letters. Try other letters, or give both models a share.";
  }
}

/**
 * @param {string} letter
 * @param {NameSource} model
 */
function explainUnknownLetter(letter, model) {
  const subject = model.parts.length > 1 ? "These models don’t" : "This model doesn’t";
  return `${subject} know the letter “${letter}”. Try other letters.`;
}
