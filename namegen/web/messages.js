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

/** An error whose message is for readers. */
class ReaderError extends Error {}

/**
 * Explain that most names didn't reach the threshold; "" if they did.
 * @param {Search} search
 */
function explainFilledNames(search) {
  const { names, request } = search;
  const filled = names.filter(({ isGood }) => isGood === false).length;
  if (filled <= request.n / 2) return "";
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
function explainTooFewNames({ names, problem, request, draws }) {
  if (problem !== null) return problem;
  const { startsWith, contains, endsWith, temperature, allowSeen } = request;
  if (temperature === 0) {
    const limit = "there is only one name for each label and start";
    return `Temperature 0 always takes the most likely letter, so ${limit}. Raise the temperature.`;
  }
  const suggestions = ["Allow more lengths"];
  if (startsWith || contains || endsWith) suggestions.push("use fewer or different letters");
  suggestions.push(temperature > 1.5 ? "lower the temperature" : "raise the temperature");
  if (!allowSeen) suggestions.push("allow names from the list");
  const last = suggestions.pop();
  const comma = suggestions.length > 1 ? "," : "";
  const count = names.length > 0 ? "No more" : "No";
  const tries = `${count} matching names turned up in ${withCommas(draws)} tries.`;
  return `${tries} ${suggestions.join(", ")}${comma} or ${last}.`;
}
