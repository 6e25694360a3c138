// Companies: how a listed one begins, which is its own; and letter case. core/generation/constraints/claimed.py and
// core/generation/letter_case.py in JavaScript.

const OPEN = "?"; // stands in no word
const LONG_FREE_WORD = 6; // letters of a free word; what is a letter away from a shorter one may well be another

/** What no new name begins with. `beginnings`: of each listed company its first word, or two where that one is free. */
class Claimed {
  constructor(beginnings) {
    this.free = new Set(beginnings.filter((one) => one.includes(" ")).map((one) => one.split(" ")[0]));
    this.forms = this.filed(beginnings.map((one) => one.replace(" ", "")));
    this.ofFree = this.filed([...this.free].filter((one) => one.length >= LONG_FREE_WORD)); // misspelt: Natinal
  }

  // Words as they are, and with each letter left open.
  filed(words) {
    return new Set(words.flatMap((word) => [word, ...this.open(word, 1)]));
  }

  /** The word with an open place in each of its places, or with `replaced` 0 between any two. */
  open(word, replaced) {
    return Array.from({ length: word.length + 1 - replaced }, (_, k) => word.slice(0, k) + OPEN + word.slice(k + replaced));
  }

  claims(word, alone = false) {
    const shorter = this.open(word, 1).map((one) => one.replace(OPEN, ""));
    const asked = [word, ...this.open(word, 0), ...this.open(word, 1), ...shorter];
    return word !== "" && asked.some((one) => this.forms.has(one) || (alone && this.ofFree.has(one)));
  }

  /** Whether a listed company begins like a name of words of these forms, or the name is but a free word. */
  has(forms, isFreeWord = false) {
    const [first = "", second] = forms.length > 1 && forms[0] === "the" ? forms.slice(1) : forms;
    if (isFreeWord && this.free.has(first)) return true;
    return (!this.free.has(first) && this.claims(first, true)) || (second !== undefined && this.claims(first + second));
  }
}

// ---- letter case ----

const LETTER_CASES = ["original", "title", "upper", "lower"];
const LONGEST_ACRONYM = 4; // letters of a word in capitals that stays so where other words are in mixed case
const RUN_OF_LETTERS = /[\p{L}\p{Nl}\p{No}]+(?:['’ʼ][\p{L}\p{Nl}\p{No}]+)*/gu;
const lettersIn = (word) => word.match(/\p{L}/gu)?.length ?? 0;
const capitals = (text) => text.replace(/[^ß]+/gu, (part) => part.toUpperCase());
const inCapitals = (word) => word === capitals(word);
const usualCase = ({ isOfCompanies }) => (isOfCompanies ? "title" : "original");

/** A name in a letter case. `normalizer`: that of its model. */
function written(name, letterCase, normalizer) {
  if (letterCase === "title") return title(name, normalizer);
  if (letterCase === "original") return name;
  return (letterCase === "upper" ? name.toUpperCase() : name.toLowerCase()).normalize("NFC");
}

function title(name, normalizer) {
  const allSmall = name === name.toLowerCase();
  const isOfCompanies = normalizer.isOfCompanies;
  const words = (allSmall ? capitals(name) : name).split(/([\s,]+)/u); // each second one stands between words
  const forms = words.map((word, k) => (k % 2 ? "" : normalizer.formOf(word)));
  const all = words.filter((word, k) => k % 2 === 0 && word !== "");
  const named = [...forms.keys()].filter((k) => forms[k] !== "");
  const left = normalizer.left(named.map((k) => forms[k]));
  const first = words[0] === "" ? 2 : 0; // a separator may begin the name
  const ending = named[left] ?? words.length; // where the legal forms begin
  const long = words.filter((word, k) => k % 2 === 0 && k < ending && lettersIn(word) > LONGEST_ACRONYM);
  const mixed = !all.every(inCapitals) && !long.some(inCapitals); // whether capitals mean something
  return words
    .map((word, k) => {
      if (k % 2 || !inCapitals(word) || (k > first && /^[IVX]{2,}$/.test(word))) return word;
      const usual = isOfCompanies ? normalizer.usual(forms[k], k >= ending) : undefined;
      if (usual !== undefined && (k > first || usual !== forms[k])) return spelled(word, usual);
      const acronyms = isOfCompanies && !allSmall;
      const isAcronym = (mixed && lettersIn(word) <= LONGEST_ACRONYM) || /^\p{L}{1,2}(?:&\p{L}{1,2})+$/u.test(word);
      if (acronyms && k < ending && isAcronym) return word;
      const ordinal = word.replace(/(?<=\d)(?:ST|ND|RD|TH)(?![\p{L}\p{N}_])/gu, (end) => end.toLowerCase());
      return ordinal.replace(RUN_OF_LETTERS, (part) => capitalised(part, acronyms));
    })
    .join("");
}

/** Letters in capitals, perhaps with apostrophes, with one capital; those of an acronym stay. */
function capitalised(letters, acronyms) {
  const isAcronym = acronyms && /^[A-Za-z']{2,}$/.test(letters) && !/[AEIOUY]/.test(letters);
  if (letters === letters.toLowerCase() || isAcronym) return letters;
  const parts = letters.split(/(['’ʼ])/u);
  const begins = (k) => k === 0 || (k === 2 && parts[0].length === 1 && parts[2].length > 1);
  return parts.map((part, k) => (begins(k) ? oneCapital(part) : part.toLowerCase())).join("");
}

function oneCapital(word) {
  const small = word.slice(0, 1) + word.slice(1).toLowerCase();
  return /^Mc.{3,}/u.test(small) ? `Mc${small[2].toUpperCase()}${small.slice(3)}` : small;
}

/** A word with the letters of another spelling, and its own punctuation. */
function spelled(word, letters) {
  const remaining = [...letters];
  return word.replace(/\p{L}/gu, (letter) => remaining.shift() ?? letter);
}
