// A model: a network, its characters, and the list that it was trained on.

const SELF_TEST_TOKENS = 8;
const SELF_TEST_TOLERANCE = 1e-3; // relative to the largest logit, or absolute if all logits are below 1
const LONGEST_NAME = 1000; // characters that a request can allow

/**
 * Return whether a model can find out which of its new names are good enough.
 * @param {{metadata: Metadata}} description
 */
function canFilterNames({ metadata }) {
  return metadata.ngrams !== null && metadata.score_rules.length > 0;
}

/**
 * Return the lengths of a model's shortest and longest names by default, in characters.
 * @param {{metadata: Metadata}} description
 * @param {boolean} isFiltered whether names are filtered
 */
function defaultLengths({ metadata }, isFiltered) {
  const { shortest_name: shortestListed, longest_name: longestListed } = metadata;
  const shortest = isFiltered ? shortestListed : 1;
  const longest = isFiltered ? longestListed : 2 * longestListed;
  return { shortest, longest: Math.min(longest, LONGEST_NAME) };
}

/** One network and the list that it was trained on. */
class Model extends NameSource {
  /** @param {ModelDescription} description the data of the model */
  constructor(description) {
    const { metadata } = description;
    const characters = [...metadata.vocabulary];
    const normalizer = new Normalizer({ ...description, endings: metadata.endings });
    super({
      parts: [],
      network: new Network(metadata.network.hidden, description),
      characters,
      startTokens: startTokensOf(metadata.labels, characters.length),
      spaces: description.spaces,
      normalizer,
    });
    this.parts.push(this);
    this.description = description;
    this.metadata = metadata;
    this.name = description.name;
    this.title = description.title;
    this.knownNames = readKnownNames(metadata.known_names);
    this.scorer = metadata.ngrams === null ? null : new Scorer(metadata, normalizer);
    this.canFilter = canFilterNames(description);
    this.shortestName = metadata.shortest_name;
    /** @type {ListedCompanies | undefined} */
    this.cachedListedCompanies = undefined;
    this.passesSelfTest = metadata.probe === null || this.#runSelfTest(metadata.probe);
  }

  /** How the names of listed companies start; null if the model isn't for companies. */
  get listedCompanies() {
    const { claimed: starts } = this.description;
    if (starts === "") return null;
    this.cachedListedCompanies ??= new ListedCompanies(starts.split("\n"));
    return this.cachedListedCompanies;
  }

  /**
   * Return the words of a name in the form in which they are compared.
   * @param {string} name
   */
  normalizedWords(name) {
    return this.normalizer.wordsOf(name).map((word) => this.normalizer.formOf(word));
  }

  /**
   * Return whether the name of a company is only a common word or punctuation, or has the same word twice in a row.
   * @param {string} name
   */
  isPoorCompanyName(name) {
    if (this.listedCompanies === null) return false;
    const forms = withoutThe(this.normalizedWords(this.normalizer.withoutEndings(name)));
    const hasRepeatedWord = forms.some((form, k) => form === forms[k - 1]);
    if (forms.length === 0 || hasRepeatedWord) return true;
    const [firstWord = ""] = withoutThe(this.normalizedWords(name));
    return forms.length === 1 && this.listedCompanies.isCommonWord(firstWord);
  }

  /**
   * Compare the logits that this network computes with those of the backend that trained it: the logits after the start
   * token, and after eight more tokens. core/checkpoint/self_test.py computes the same.
   * @param {string} selfTestLogits (2 · V) numbers as text
   */
  #runSelfTest(selfTestLogits) {
    const expected = new Float32Array(decodeBase85(selfTestLogits));
    const computed = this.#computeSelfTestLogits(expected.length / 2);
    const largestLogit = Math.max(1, ...expected.map(Math.abs));
    return largestDifference(computed, expected) <= SELF_TEST_TOLERANCE * largestLogit; // false for NaN
  }

  /**
   * @param {number} outputs V
   * @returns {number[]} (2 · V)
   */
  #computeSelfTestLogits(outputs) {
    const characters = Math.max(outputs - 1, 1);
    const first = this.network.step(this.startTokens[0].token, this.network.initialState());
    let last = first;
    for (let k = 1; k <= SELF_TEST_TOKENS; k++) {
      const token = (1 + ((7 * k) % characters)) % outputs;
      last = this.network.step(token, last.state);
    }
    return [...first.logits, ...last.logits];
  }
}

/**
 * Return what the network reads before a name: a start token, or for each label a token of its own.
 * @param {Metadata["labels"]} labels
 * @param {number} characters how many there are
 * @returns {StartToken[]}
 */
function startTokensOf(labels, characters) {
  if (labels.length === 0) return [{ token: START_TOKEN, probability: 1, label: null }];
  const total = labels.reduce((sum, label) => sum + label.names, 0);
  return labels.map((label, k) => ({ token: characters + 1 + k, probability: label.names / total, label: label.name }));
}

/** @param {string | null} text */
function readKnownNames(text) {
  return text === null ? null : readOrDamage("known names", () => new KnownNames(text));
}

/**
 * Return the largest difference between two rows of numbers; NaN if a number is NaN.
 * @param {number[]} computed
 * @param {Float32Array} expected
 */
function largestDifference(computed, expected) {
  return Math.max(...computed.map((value, k) => Math.abs(value - expected[k])));
}
