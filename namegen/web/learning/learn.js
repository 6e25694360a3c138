// Learning from a list: the base model is fine-tuned, and its new names are measured, as `namegen train` does.

const SHORT_LIST = 100; // names; a longer list in one case keeps its case
const PASSES = 10; // over the distinct names
const LEAST_UPDATES = 30;
const PEAK_RATE = 0.002;
const STEPS = 100; // of an epoch; at least, if the smallest batch allows it
const SMALLEST_BATCH = 16;
const LARGEST_BATCH = 128;
const LEAST_SHARE = 0.02; // of a label of the base model whose n-grams count as known
const SHORT_SHARE = 0.02; // of names that may be shorter than all new names
const MEASURED_NAMES = 1000; // new names that the score rule is fitted to
const TOP_SHARE = 0.01; // of new names that reach the threshold
const PROGRESS_MILLISECONDS = 50; // between two reports of progress

/**
 * Learn from a list of names.
 * @param {ModelDescription} base the base model
 * @param {string[]} names
 * @param {string} title
 * @param {(share: number) => void} onProgress called with the share of the work that is done
 * @returns {ModelDescription}
 */
function learn(base, names, title, onProgress) {
  const letterCase = letterCaseOf(names);
  const plainNormalizer = new Normalizer({ removal: {}, folding: {} });
  // The base model only knows capitals at the start of words.
  const trained = letterCase === "original" ? names : names.map((name) => writeInTitleCase(name, plainNormalizer));
  const characters = [...new Set(trained.join(""))].sort((a, b) => Number(a.codePointAt(0)) - Number(b.codePointAt(0)));
  const shares = fitLabelShares(base, trained, (share) => onProgress(0.4 * share));
  const parameters = rearrangeParameters(base, characters, shares);
  fineTune(parameters, trained, characters, (share) => onProgress(0.4 + 0.4 * share));
  const description = describeLearned({ base, names: trained, title, characters, shares, parameters });
  description.metadata.letter_case = letterCase;
  fitScoreRule(description, (share) => onProgress(0.8 + 0.2 * share));
  return description;
}

/**
 * Return the letter case of a short list whose names are all written in capitals, or all without.
 * @param {string[]} names
 */
function letterCaseOf(names) {
  const text = names.join("");
  if (names.length >= SHORT_LIST || text.toLowerCase() === text.toUpperCase()) return "original";
  if (text === text.toLowerCase()) return "lower";
  return text === text.toUpperCase() ? "upper" : "original";
}

/**
 * Train on the names, as `FINE_TUNED_SHORT` of namegen/core/training/defaults.py says.
 * @param {GruParameters} parameters which are changed
 * @param {string[]} names
 * @param {string[]} characters
 * @param {(share: number) => void} onProgress
 */
function fineTune(parameters, names, characters, onProgress) {
  const idOf = new Map(characters.map((character, k) => [character, k + 1]));
  const tokenized = names.map((name) => [
    START_TOKEN,
    ...Array.from(name, (character) => Number(idOf.get(character))),
    END_TOKEN,
  ]);
  const largestFitting = Math.max(Math.floor(names.length / STEPS), SMALLEST_BATCH);
  const batchSize = Math.min(LARGEST_BATCH, 2 ** Math.floor(Math.log2(largestFitting)));
  const stepsPerEpoch = Math.ceil(names.length / batchSize);
  const passes = (PASSES * new Set(names).size) / names.length;
  const steps = stepsPerEpoch * Math.round(Math.max(passes, LEAST_UPDATES / stepsPerEpoch, 1));
  const network = new TrainedGru(parameters);
  const optimizer = new Adam(parameters);
  const random = new RandomNumbers(0);
  for (let step = 0; step < steps; step++) {
    const start = (step % stepsPerEpoch) * batchSize;
    if (start === 0) shuffle(tokenized, random);
    const { gradient } = network.lossAndGradient(new PrefixTree(tokenized.slice(start, start + batchSize)));
    optimizer.step(gradient, oneCycle(step, steps, PEAK_RATE));
    onProgress((step + 1) / steps);
  }
}

/**
 * Shuffle a list (Fisher and Yates).
 * @param {unknown[]} list
 * @param {RandomNumbers} random
 */
function shuffle(list, random) {
  for (let k = list.length - 1; k > 0; k--) {
    const other = Math.floor(random.next() * (k + 1));
    [list[k], list[other]] = [list[other], list[k]];
  }
}

/**
 * Describe the model, without its score rule.
 * @param {object} learned
 * @param {ModelDescription} learned.base
 * @param {string[]} learned.names
 * @param {string} learned.title
 * @param {string[]} learned.characters
 * @param {number[]} learned.shares
 * @param {GruParameters} learned.parameters
 * @returns {ModelDescription}
 */
function describeLearned({ base, names, title, characters, shares, parameters }) {
  // A digit is the same symbol as any other. The n-grams of the base model's labels with enough names count as known.
  const asDigit = (/** @type {string} */ character) => (/\p{Nd}/u.test(character) ? "0" : character);
  const plainCharacters = characters.map(asDigit);
  const symbolOf = (/** @type {string} */ character) => plainCharacters.indexOf(asDigit(character)) + 1;
  const startSymbol = characters.length + 1;
  const ngrams = collectNgrams(names.map((name) => Array.from(name, symbolOf)), startSymbol);
  const { ngrams: baseNgrams } = /** @type {Scorer} */ (new Model(base).scorer);
  const newSymbols = Array.from(base.metadata.vocabulary, (character) => symbolOf(character) || undefined);
  shares.forEach((share, label) => {
    if (share >= LEAST_SHARE) addNgrams(ngrams, baseNgrams, label, [END_SYMBOL, ...newSymbols, startSymbol]);
  });

  const tables = tablesFor(base, characters);
  const normalizer = new Normalizer(tables);
  const forms = new Set(names.map((name) => normalizer.normalize(name)));
  const knownOfBase = new KnownNames(base.metadata.known_names ?? "");
  const lengths = names.map((name) => [...name].length).sort((a, b) => a - b);
  const tensors = Object.entries(parameters).map(([key, values]) => [TENSOR_NAMES[key], Float32Array.from(values)]);
  const { training, network } = base.metadata;
  return {
    ...base,
    ...tables,
    name: "",
    title,
    group: "yours",
    half: false,
    tensors: Object.fromEntries(tensors),
    metadata: {
      ...base.metadata,
      network: { ...network, vocabulary_size: characters.length + 1, labels: 0 },
      vocabulary: characters.join(""),
      labels: [],
      shortest_name: lengths[Math.floor(SHORT_SHARE * (lengths.length - 1))],
      longest_name: lengths[lengths.length - 1],
      score_rules: [],
      patterns: [...new Set(names.flatMap((name) => [...patternsOf(name)]))].sort(),
      letter_case: "original",
      score_quantiles: null,
      probe: null,
      ngrams: ngramBytes(ngrams, characters.length + 2),
      known_names: knownNameBytes(Array.from(forms, hashOf), knownOfBase),
      training: { list: title, names: names.length, base_model: "base", credit: training.credit },
    },
  };
}

/**
 * Return the tables of the normalizer for some characters. Those that the base model doesn't know have simple rules.
 * @param {ModelDescription} base
 * @param {string[]} characters
 */
function tablesFor(base, characters) {
  const removal = { ...base.removal };
  const folding = { ...base.folding };
  for (const character of characters) {
    if (base.metadata.vocabulary.includes(character)) continue;
    const lowerCase = character.toLowerCase();
    if (isPunctuation(character)) removal[character] = "";
    else if (lowerCase !== character) folding[character] = lowerCase;
  }
  const spaces = characters.filter((character) => /\s/u.test(character)).join("");
  return { removal, folding, spaces, separators: spaces };
}

/**
 * Fit the score rule to new names of the model. namegen/core/scoring/rules.py in JavaScript.
 * @param {ModelDescription} description which gets the rule
 * @param {(share: number) => void} onProgress
 */
function fitScoreRule(description, onProgress) {
  const model = new Model(description);
  const { shortest_name: shortest, longest_name: longest } = description.metadata;
  const request = { ...defaultRequest(), n: MEASURED_NAMES, seed: 0, maxLength: longest, unfiltered: true };
  const search = new Search(model, request);
  while (!search.isDone) {
    search.run({ milliseconds: PROGRESS_MILLISECONDS });
    onProgress(search.names.length / MEASURED_NAMES);
  }
  const [{ prefix: root }] = model.roots;
  const names = search.names.map(({ tokens }) => tokens.reduce((prefix, token) => prefix.extend(token), root));
  const lengths = names.map(({ length }) => length);
  const logProbabilities = names.map(({ scoredLogProbability }) => scoredLogProbability);
  const mean = fitLine(lengths, logProbabilities);
  // How far each name's log-probability is from the mean for its length, relative to the average.
  const residuals = logProbabilities.map((value, k) => Math.abs(value - mean.level - mean.slope * lengths[k]));
  const averageResidual = averageOf(residuals) || 1;
  const spread = fitLine(lengths, residuals.map((residual) => residual / averageResidual));
  const round = (/** @type {number} */ number) => Number(number.toFixed(4)); // Python writes it with the same digits
  const rule = {
    mean_level: round(mean.level),
    mean_slope: round(mean.slope),
    spread_level: round(spread.level),
    spread_slope: round(spread.slope),
    threshold: 0,
  };
  description.metadata.score_rules = [rule];
  const scorer = /** @type {Scorer} */ (model.scorer);
  const scores = names.filter(({ length }) => length >= shortest).map((name) => scorer.scoreOf(name));
  scores.sort((a, b) => a - b);
  rule.threshold = round(scores[Math.ceil((1 - TOP_SHARE) * (scores.length - 1))] ?? 0);
}

/**
 * Fit the least-squares line through some points.
 * @param {number[]} x
 * @param {number[]} y
 */
function fitLine(x, y) {
  const meanX = averageOf(x);
  const meanY = averageOf(y);
  const squares = x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  const products = x.reduce((sum, value, k) => sum + (value - meanX) * (y[k] - meanY), 0);
  const slope = squares === 0 ? 0 : products / squares;
  return { slope, level: meanY - slope * meanX };
}

/** @param {number[]} numbers */
function averageOf(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(numbers.length, 1);
}
