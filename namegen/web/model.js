// A model: a network, its characters, and the list that it was trained on.

const SELF_TEST_TOKENS = 8;
const SELF_TEST_TOLERANCE = 1e-3; // relative to the largest logit, or absolute if all logits are below 1

/**
 * Return whether a model can find out which of its new names are good enough.
 * @param {{metadata: Metadata}} description
 */
function canFilterNames({ metadata }) {
  return metadata.ngrams !== null && metadata.score_rules.length > 0;
}

/**
 * Return the lengths of the shortest and longest names of one or more models by default, in characters.
 * @param {{metadata: Metadata}[]} models
 * @param {boolean} isFiltered whether names are filtered
 */
function defaultLengths(models, isFiltered) {
  const shortestListed = Math.min(...models.map(({ metadata }) => metadata.shortest_name));
  const longestListed = Math.max(...models.map(({ metadata }) => metadata.longest_name));
  const maxLength = isFiltered ? longestListed : 2 * longestListed;
  return { minLength: isFiltered ? shortestListed : 1, maxLength: Math.min(maxLength, LONGEST_NAME) };
}

/** One network and the list that it was trained on. */
class Model extends NameSource {
  /** @param {ModelDescription} description the data of the model */
  constructor(description) {
    const { metadata } = description;
    const { labels } = metadata;
    const characters = [...metadata.vocabulary];
    const normalizer = new Normalizer({ ...description, endings: metadata.endings });
    // A start token, or for each label a token of its own.
    let startTokens = [{ token: START_TOKEN, probability: 1, label: /** @type {string | null} */ (null) }];
    if (labels.length > 0) {
      const total = labels.reduce((sum, label) => sum + label.names, 0);
      const firstToken = characters.length + 1;
      startTokens = labels.map(({ name, names }, k) => ({
        token: firstToken + k,
        probability: names / total,
        label: name,
      }));
    }
    const network = new Network(metadata.network.hidden, description);
    super({ parts: [], network, characters, startTokens, spaces: description.spaces, normalizer });
    this.parts.push(this);
    this.description = description;
    this.metadata = metadata;
    this.title = description.title;
    this.knownNames = metadata.known_names === null ? null : new KnownNames(metadata.known_names);
    this.scorer = metadata.ngrams === null ? null : new Scorer(metadata, normalizer);
    this.canFilter = canFilterNames(description);
    const { claimed: starts } = description;
    /** How the names of listed companies start; null if the model isn't for companies. */
    this.listedCompanies = starts === "" ? null : new ListedCompanies(starts.split("\n"), normalizer);
    this.passesSelfTest = this.#passesSelfTest();
  }

  /**
   * Compare the logits that this network computes with those of the backend that trained it: the logits after the start
   * token, and after eight more tokens. core/checkpoint/self_test.py computes the same.
   */
  #passesSelfTest() {
    const outputs = this.characters.length; // V
    const first = this.network.step(this.startTokens[0].token, this.network.initialState());
    let last = first;
    for (let k = 1; k <= SELF_TEST_TOKENS; k++) {
      const token = (1 + ((7 * k) % Math.max(outputs - 1, 1))) % outputs;
      last = this.network.step(token, last.state);
    }
    const computed = [...first.logits, ...last.logits];
    const { probe } = this.metadata;
    if (probe === null) return computed.every(Number.isFinite);
    const expected = numbersOf(probe, false);
    const differences = computed.map((value, k) => Math.abs(value - expected[k]));
    const tolerance = SELF_TEST_TOLERANCE * Math.max(1, largestOf(expected.map(Math.abs)));
    return differences.every((difference) => difference <= tolerance); // false for NaN
  }
}

/**
 * Open a model, and check that it computes what the backend computed that trained it.
 * @param {ModelDescription} description
 * @returns {Model}
 * @throws {ReaderError} if its data are damaged, or if it computes other values
 */
function openModel(description) {
  const { name, title, metadata } = description;
  let model;
  try {
    model = new Model(description);
  } catch (cause) {
    throw new ReaderError(`The model ${describeValue(name)} is damaged. Export it again.`, { cause });
  }
  if (model.passesSelfTest) return model;
  const problem = `“${title}” can’t be used here: it computes other values than the backend “${metadata.engine}”`;
  throw new ReaderError(`${problem}, which trained the model. Use the model with that backend.`);
}
