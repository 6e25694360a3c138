// Why there are fewer names than asked for, and what would help, in plain sentences. Page and module say the same.

/** 12345 as 12,345. (The browser's own way loads its tables of languages, which the first names would wait for.) */
function thousands(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 name", "2 names". */
function countOf(number, what) {
  return `${thousands(number)} ${what}${number === 1 ? "" : "s"}`;
}

function needsLabel({ title }) {
  return `A blend needs one label: choose a label of ${title}.`;
}

function wouldBeWrong(what, { title, description }) {
  return (
    `${what} computes something else for ${title} than the engine “${description.trained_by}”, which trained it. ` +
    "Its names would be wrong, so none are drawn: use it with that engine."
  );
}

function whyFewer({ found, tries, trouble, model, wish }) {
  if (trouble) return whyNone(trouble, model);
  if (wish.temperature === 0) {
    const same = model.starts.length > 1 && wish.label === null ? "the same name of each label" : "the same name";
    return found.length
      ? `Temperature 0 always takes the likeliest letter, and so always ${same}.`
      : "At temperature 0 there is only one name, and it does not fit. Raise the temperature.";
  }
  const texts = wish.first || wish.contains || wish.ends;
  return (
    `${found.length ? "No more" : "No"} names that fit turned up in ${thousands(tries)} tries. ` +
    `Allow more lengths, ${texts ? "shorten or change the letters that you ask for, " : ""}` +
    (wish.onlyNew ? "raise the temperature, or allow names of the list." : "or raise the temperature.")
  );
}

function whyNone({ why, letter, part }, model) {
  const network = model.parts.length > 1 ? "Neither network has ever" : "The network has never";
  switch (why) {
    case "unsound":
      return wouldBeWrong("This page", part);
    case "letter":
      return `${network} read “${letter}”, so no name can have it. Try other letters.`;
    case "space":
      return "No name begins or ends with a space: leave it out.";
    case "lengths":
      return "No name can keep these lengths: raise the longest length, or ask for less.";
    default:
      return "No network knows all of the first letters that you ask for. Try others, or give both models a share.";
  }
}
