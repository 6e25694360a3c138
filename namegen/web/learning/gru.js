// The gated recurrent unit on a prefix tree, and its derivative. namegen/backends/numpy_engine/cells.py and
// recurrent.py in JavaScript, with the same letters:
//
//     x        the input's part, x K + b, for the gates z, r, n
//     s        the state's part, h U and the state's bias
//     d_…      d loss / d …
//
// N: nodes of the tree. H: width of the layer. G = 3 H: gates. V: ids. L: labels.

/**
 * Parameters, or their gradients, by canonical name.
 * @typedef {object} GruParameters
 * @property {Float64Array} kernel K, (V + L, G)
 * @property {Float64Array} recurrentKernel U, (H, G)
 * @property {Float64Array} bias (2, G): of x, and of s
 * @property {Float64Array} outputKernel (H, V)
 * @property {Float64Array} outputBias (V)
 */

/** One GRU layer and the output layer. */
class TrainedGru {
  /** @param {GruParameters} parameters which training changes */
  constructor(parameters) {
    this.parameters = parameters;
    this.ids = parameters.outputBias.length; // V
    this.width = parameters.outputKernel.length / this.ids; // H
  }

  /**
   * Compute the hidden state of each node, and what the backward pass needs.
   * @param {PrefixTree} tree
   */
  forward({ token, parent, level }) {
    const { kernel, recurrentKernel, bias } = this.parameters;
    const H = this.width;
    const G = 3 * H;
    const N = token.length;
    const before = new Float64Array(N * H); // (N, H) h of the parents; zeros for roots
    const s = new Float64Array(N * G); // (N, G)
    const gates = new Float64Array(N * G); // (N, G) z, r, n
    const h = new Float64Array(N * H); // (N, H)
    const U = new Matrix(recurrentKernel, G);
    for (let depth = 0; depth + 1 < level.length; depth++) {
      const [first, end] = [level[depth], level[depth + 1]];
      for (let node = first; node < end; node++) {
        if (parent[node] >= 0) before.set(h.subarray(parent[node] * H, (parent[node] + 1) * H), node * H);
        s.set(bias.subarray(G), node * G);
      }
      U.addProducts(s.subarray(first * G, end * G), before.subarray(first * H, end * H));
      for (let node = first; node < end; node++) {
        for (let k = 0; k < H; k++) {
          const g = node * G + k; // the index of z; r and n follow after H and 2 H
          const row = token[node] * G + k;
          const z = logistic(kernel[row] + bias[k] + s[g]);
          const r = logistic(kernel[row + H] + bias[H + k] + s[g + H]);
          const n = Math.tanh(kernel[row + 2 * H] + bias[2 * H + k] + r * s[g + 2 * H]);
          gates[g] = z;
          gates[g + H] = r;
          gates[g + 2 * H] = n;
          h[node * H + k] = n + z * (before[node * H + k] - n); // z h + (1 − z) n
        }
      }
    }
    return { before, s, gates, h };
  }

  /**
   * Compute log softmax(h Wo + b) of each node.
   * @param {Float64Array} h (N, H)
   * @returns {Float64Array} (N, V)
   */
  logProbabilities(h) {
    const { outputKernel, outputBias } = this.parameters;
    const V = this.ids;
    const N = h.length / this.width;
    const logits = new Float64Array(N * V);
    for (let node = 0; node < N; node++) logits.set(outputBias, node * V);
    new Matrix(outputKernel, V).addProducts(logits, h);
    for (let start = 0; start < logits.length; start += V) {
      const row = logits.subarray(start, start + V);
      const logTotal = logSumOfExponentials(row);
      for (let id = 0; id < V; id++) row[id] -= logTotal;
    }
    return logits;
  }

  /**
   * Compute the loss of a batch, the cross-entropy in nats per character, and its gradient.
   * @param {PrefixTree} tree
   * @returns {{lossSum: number, gradient: GruParameters}} the loss of all characters together, and the gradient of the
   *   mean
   */
  lossAndGradient(tree) {
    const H = this.width;
    const V = this.ids;
    const N = tree.token.length;
    const states = this.forward(tree);
    const logProbabilities = this.logProbabilities(states.h);

    // loss = −Σ count log p / characters;  log p = log softmax(logits)
    let lossSum = 0;
    const counts = new Float64Array(N); // (N) of all edges of a node
    for (const { node, token, count } of tree.edges) {
      counts[node] += count;
      lossSum -= count * logProbabilities[node * V + token];
    }
    // d loss / d logits = (softmax(logits) · counts − count) / characters
    const d_logits = logProbabilities.map(Math.exp); // (N, V)
    for (let node = 0; node < N; node++) {
      for (let id = 0; id < V; id++) d_logits[node * V + id] *= counts[node] / tree.characters;
    }
    for (const { node, token, count } of tree.edges) d_logits[node * V + token] -= count / tree.characters;

    // logits = h Wo + b
    const outputKernel = product(transpose(states.h, H), d_logits, V); // (H, V)
    const outputBias = columnSums(d_logits, V);
    const d_h = product(d_logits, transpose(this.parameters.outputKernel, V), H); // (N, H)
    return { lossSum, gradient: { ...this.#backward(tree, states, d_h), outputKernel, outputBias } };
  }

  /**
   * Compute the gradient of the layer's parameters, one level after another, from the last one.
   * @param {PrefixTree} tree
   * @param {ReturnType<TrainedGru["forward"]>} states
   * @param {Float64Array} d_h (N, H), to which the derivatives through later nodes are added
   */
  #backward({ token, parent, level }, { before, s, gates, h }, d_h) {
    const H = this.width;
    const G = 3 * H;
    const N = token.length;
    const transposedU = new Matrix(transpose(this.parameters.recurrentKernel, G), H); // (G, H)
    const d_x = new Float64Array(N * G); // (N, G)
    const d_s = new Float64Array(N * G); // (N, G)
    const d_before = new Float64Array(h.length); // (N, H)
    for (let depth = level.length - 2; depth >= 0; depth--) {
      const [first, end] = [level[depth], level[depth + 1]];
      for (let node = first; node < end; node++) {
        for (let k = 0; k < H; k++) {
          const g = node * G + k;
          const z = gates[g];
          const r = gates[g + H];
          const n = gates[g + 2 * H];
          const d = d_h[node * H + k];
          // h' = n + z (h − n);  z = σ(x_z + s_z), with σ' = σ (1 − σ)
          const d_z = d * (before[node * H + k] - n) * z * (1 - z);
          // h' = z h + (1 − z) n;  n = tanh(x_n + r s_n)
          const d_x_n = d * (1 - z) * (1 - n * n);
          // x_n + r s_n;  r = σ(x_r + s_r)
          const d_r = d_x_n * s[g + 2 * H] * r * (1 - r);
          d_x[g] = d_z;
          d_x[g + H] = d_r;
          d_x[g + 2 * H] = d_x_n;
          d_s[g] = d_z;
          d_s[g + H] = d_r;
          d_s[g + 2 * H] = d_x_n * r; // x_n + r s_n
          d_before[node * H + k] = d * z; // h' = z h + …
        }
      }
      // s = h U
      transposedU.addProducts(d_before.subarray(first * H, end * H), d_s.subarray(first * G, end * G));
      for (let node = first; node < end && depth > 0; node++) {
        for (let k = 0; k < H; k++) d_h[parent[node] * H + k] += d_before[node * H + k];
      }
    }

    // s = h U + b_s;  x = K[token] + b_x
    const recurrentKernel = product(transpose(before, H), d_s, G); // (H, G)
    const bias = Float64Array.of(...columnSums(d_x, G), ...columnSums(d_s, G)); // (2, G)
    const kernel = new Float64Array(this.parameters.kernel.length);
    for (let node = 0; node < N; node++) {
      for (let k = 0; k < G; k++) kernel[token[node] * G + k] += d_x[node * G + k];
    }
    return { kernel, recurrentKernel, bias };
  }
}

/**
 * Compute the logistic function σ(a).
 * @param {number} a
 */
function logistic(a) {
  return 1 / (1 + Math.exp(-a));
}

/**
 * Return the product of two matrices.
 * @param {Float64Array} a (rows, inner)
 * @param {Float64Array} b (inner, columns)
 * @param {number} columns
 * @returns {Float64Array} (rows, columns)
 */
function product(a, b, columns) {
  const inner = b.length / columns;
  const result = new Float64Array((a.length / inner) * columns);
  new Matrix(b, columns).addProducts(result, a);
  return result;
}

/**
 * Return the sum of each column of a matrix.
 * @param {Float64Array} values (rows, columns)
 * @param {number} columns
 */
function columnSums(values, columns) {
  const sums = new Float64Array(columns);
  values.forEach((value, index) => {
    sums[index % columns] += value;
  });
  return sums;
}

/**
 * Return a matrix with rows and columns exchanged.
 * @param {Float64Array} values (rows, columns), row by row
 * @param {number} columns
 * @returns {Float64Array} (columns, rows)
 */
function transpose(values, columns) {
  const rows = values.length / columns;
  const result = new Float64Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  }
  return result;
}
