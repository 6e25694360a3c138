// Fine-tuning: what a list takes from the base model. namegen/core/training/base_model.py in JavaScript.

const FEWEST_KNOWN = 0.95; // share of the list's characters that the base model has to know
const MOST_FITTED = 25; // names that the shares are fitted to; Python takes up to 100
const ROUNDS = 30; // of expectation maximization

/** The canonical names of the parameters of a model with one GRU layer. @type {Record<string, string>} */
const TENSOR_NAMES = {
  kernel: "rnn.0.kernel",
  recurrentKernel: "rnn.0.recurrent_kernel",
  bias: "rnn.0.bias",
  outputKernel: "output.kernel",
  outputBias: "output.bias",
};

/**
 * Read the parameters of a model with one GRU layer.
 * @param {ModelDescription} description
 * @returns {GruParameters}
 */
function readParameters({ tensors, half }) {
  const read = (/** @type {string} */ name) => Float64Array.from(numbersOf(tensors[name], half));
  return /** @type {any} */ (
    Object.fromEntries(Object.entries(TENSOR_NAMES).map(([key, name]) => [key, read(name)]))
  );
}

/**
 * Fit the shares in which a mixture of the base model's labels explains some names, by expectation maximization.
 * Characters that the model doesn't know are skipped.
 * @param {ModelDescription} base
 * @param {string[]} names
 * @param {(share: number) => void} onProgress
 * @returns {number[]} (L) a share for each label; they sum to 1
 */
function fitLabelShares(base, names, onProgress) {
  const { labels, vocabulary } = base.metadata;
  const idOf = new Map([...vocabulary].map((character, k) => [character, k + 1]));
  const V = idOf.size + 1;
  const idOfCharacter = (/** @type {string} */ character) => Number(idOf.get(character));
  const without = names.map((name) => [...name].filter((character) => idOf.has(character)).join(""));
  const readable = [...new Set(without)].filter(Boolean).sort();
  const fitted = readable.filter((_, k) => k % Math.ceil(readable.length / MOST_FITTED) === 0);
  const tree = new PrefixTree(fitted.map((name) => [START_TOKEN, ...Array.from(name, idOfCharacter), END_TOKEN]));
  const network = new TrainedGru(readParameters(base));

  // (L, names) The log-probability of each name under each label.
  const logLikelihoods = labels.map((_, label) => {
    tree.token[0] = V + label; // the start token
    const logProbabilities = network.logProbabilities(network.forward(tree).h); // (N, V)
    const sums = [0]; // (N) the log-probability of each prefix
    for (let node = 1; node < tree.token.length; node++) {
      const parent = tree.parent[node];
      sums.push(sums[parent] + logProbabilities[parent * V + tree.token[node]]);
    }
    onProgress((label + 1) / labels.length);
    const ends = tree.edges.filter(({ token }) => token === END_TOKEN); // one for each name
    return ends.map(({ node }) => sums[node] + logProbabilities[node * V + END_TOKEN]);
  });

  let shares = labels.map(() => 1 / labels.length);
  const largest = fitted.map((_, k) => largestOf(logLikelihoods.map((row) => row[k])));
  for (let round = 0; round < ROUNDS && fitted.length > 0; round++) {
    const next = labels.map(() => 0);
    fitted.forEach((_, k) => {
      const joint = shares.map((share, label) => share * Math.exp(logLikelihoods[label][k] - largest[k]));
      const total = joint.reduce((sum, value) => sum + value, 0);
      joint.forEach((value, label) => {
        next[label] += value / total / fitted.length;
      });
    });
    shares = next;
  }
  return shares;
}

/**
 * Rearrange the base model's parameters for the characters of a list without labels. A character that the model doesn't
 * know gets the mean of all others, and the start token is the weighted mean of the labels' start tokens.
 * @param {ModelDescription} base
 * @param {string[]} characters of the list
 * @param {number[]} shares (L)
 * @returns {GruParameters}
 */
function rearrangeParameters(base, characters, shares) {
  const { kernel, recurrentKernel, bias, outputKernel, outputBias } = readParameters(base);
  const known = [...base.metadata.vocabulary];
  const V = known.length + 1;
  const G = kernel.length / (V + base.metadata.labels.length);
  // The base model's row of each id; V for a character that it doesn't know.
  const rows = [END_TOKEN, ...characters.map((character) => known.indexOf(character) + 1 || V)];
  const rearrange = (/** @type {Float64Array} */ values, /** @type {number} */ columns) => {
    const mean = new Float64Array(columns);
    for (let row = 1; row < V; row++) {
      for (let k = 0; k < columns; k++) mean[k] += values[row * columns + k] / (V - 1);
    }
    const result = new Float64Array(rows.length * columns);
    rows.forEach((row, id) => {
      result.set(row === V ? mean : values.subarray(row * columns, (row + 1) * columns), id * columns);
    });
    return result;
  };
  const newKernel = rearrange(kernel, G);
  newKernel.fill(0, 0, G);
  shares.forEach((share, label) => {
    for (let k = 0; k < G; k++) newKernel[k] += share * kernel[(V + label) * G + k];
  });
  const H = outputKernel.length / V;
  return {
    kernel: newKernel,
    recurrentKernel,
    bias,
    outputKernel: transpose(rearrange(transpose(outputKernel, V), H), H),
    outputBias: rearrange(outputBias, 1),
  };
}
