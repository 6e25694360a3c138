// The network: it reads one character and computes the logits of the next one. The data of a model describe the
// operations of its cell (`Formula` in namegen/core/network/cells.py). They run here for one name at a time.
//
// V: the number of output ids, one for each character and one for the end of a name.
// L: the number of labels. Each label has its own start token, with an id from V to V + L − 1.
// H: the width of a layer. G: the number of gates. S: the number of gates that read the state, the first S of them.
//     kernel K: (V + L, G·H), in later layers (H of the layer before, G·H)
//     recurrent_kernel U: (H, S·H)
//     bias b: (G·H), or (2, G·H) if the cell has a second bias for the product with the state
// Parameters are float32. The arithmetic is float64, like all numbers of JavaScript.

const START_TOKEN = 0; // the network reads it before a name, unless the model has labels
const END_TOKEN = 0; // the network predicts it after the last character of a name

const LANES = 8; // columns that are summed at the same time

/**
 * The state of one layer: an array of the layer's width for each state of the cell, the hidden state first.
 * @typedef {Float64Array[]} LayerState
 */

/**
 * One operation of a cell. `of` has the indexes of the values that it reads.
 * @typedef {{name: string, of: number[], number: number}} Operation
 */

/**
 * A cell as data. The first values are x of each gate, s of each state gate, and the arrays of the state before the
 * step. Each operation adds one value. `after` has the indexes of the values that are the state after the step.
 * @typedef {object} Formula
 * @property {number} gates
 * @property {number} state_gates how many gates read the state
 * @property {number} states how many arrays a layer's state has
 * @property {string[]} vectors parameters with one number per unit, which operations read
 * @property {number} biases 1 or 2
 * @property {Operation[]} operations
 * @property {number[]} after
 */

/**
 * A matrix that multiplies vectors. Its columns are stored in blocks of LANES, which is up to 1.7 times as fast as
 * storing it row by row.
 */
class Matrix {
  /**
   * @param {Float64Array} values (rows · columns), row by row
   * @param {number} columns
   */
  constructor(values, columns) {
    this.rows = values.length / columns;
    this.columns = columns;
    this.blocks = Math.ceil(columns / LANES);
    this.values = new Float64Array(this.blocks * this.rows * LANES); // zeros fill the last block
    for (let row = 0; row < this.rows; row++) {
      for (let column = 0; column < columns; column++) {
        const block = Math.floor(column / LANES);
        const lane = column % LANES;
        this.values[(block * this.rows + row) * LANES + lane] = values[row * columns + column];
      }
    }
  }

  /**
   * Add the products of some vectors and this matrix to some sums.
   * @param {Float64Array} sums (vectors, columns), which are changed
   * @param {Float64Array} vectors (vectors, rows)
   */
  addProducts(sums, vectors) {
    const { rows, columns } = this;
    for (let k = 0; k * rows < vectors.length; k++) {
      this.addProduct(sums.subarray(k * columns, (k + 1) * columns), vectors.subarray(k * rows, (k + 1) * rows));
    }
  }

  /**
   * Add the product of a vector and this matrix to some sums. Eight variables are faster than an array of eight sums.
   * @param {Float64Array} sums (columns), which are changed
   * @param {Float64Array} vector (rows)
   * @returns {Float64Array} the sums
   */
  addProduct(sums, vector) {
    const { rows, values } = this;
    let index = 0;
    for (let block = 0; block < this.blocks; block++) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      let sum4 = 0;
      let sum5 = 0;
      let sum6 = 0;
      let sum7 = 0;
      for (let row = 0; row < rows; row++) {
        const factor = vector[row];
        sum0 += factor * values[index];
        sum1 += factor * values[index + 1];
        sum2 += factor * values[index + 2];
        sum3 += factor * values[index + 3];
        sum4 += factor * values[index + 4];
        sum5 += factor * values[index + 5];
        sum6 += factor * values[index + 6];
        sum7 += factor * values[index + 7];
        index += LANES;
      }
      const column = block * LANES;
      sums[column] += sum0;
      sums[column + 1] += sum1; // a typed array ignores values after its end
      sums[column + 2] += sum2;
      sums[column + 3] += sum3;
      sums[column + 4] += sum4;
      sums[column + 5] += sum5;
      sums[column + 6] += sum6;
      sums[column + 7] += sum7;
    }
    return sums;
  }
}

/**
 * The operations of formulas. Each computes all units of a layer: `result[k]` from `a[k]` and `b[k]`.
 * @type {Record<string, (result: Float64Array, a: Float64Array, b: Float64Array) => void>}
 */
const OPERATIONS = {
  number: (_result) => {}, // the array already has the number
  add: (result, a, b) => {
    for (let k = 0; k < result.length; k++) result[k] = a[k] + b[k];
  },
  subtract: (result, a, b) => {
    for (let k = 0; k < result.length; k++) result[k] = a[k] - b[k];
  },
  multiply: (result, a, b) => {
    for (let k = 0; k < result.length; k++) result[k] = a[k] * b[k];
  },
  divide: (result, a, b) => {
    for (let k = 0; k < result.length; k++) result[k] = a[k] / b[k];
  },
  absolute: (result, a) => {
    for (let k = 0; k < result.length; k++) result[k] = Math.abs(a[k]);
  },
  sigmoid: (result, a) => {
    for (let k = 0; k < result.length; k++) result[k] = 1 / (1 + Math.exp(-a[k]));
  },
  tanh: (result, a) => {
    for (let k = 0; k < result.length; k++) result[k] = Math.tanh(a[k]);
  },
};

/** One recurrent layer. Its arrays are created once, and every step writes into them. */
class Layer {
  /**
   * @param {number} width H
   * @param {Formula} formula
   * @param {Record<"kernel" | "recurrentKernel" | "bias", Float64Array> & {vectors: Float64Array[]}} parameters
   */
  constructor(width, { gates, state_gates: stateGates, states, operations, after }, parameters) {
    const { kernel, recurrentKernel, bias, vectors } = parameters;
    const inputWidth = gates * width;
    const stateWidth = stateGates * width;
    this.kernel = kernel; // reading a token adds one of its rows
    this.kernelMatrix = new Matrix(kernel, inputWidth);
    this.recurrentMatrix = new Matrix(recurrentKernel, stateWidth);
    this.bias = bias.subarray(0, inputWidth);
    this.stateBias = bias.subarray(inputWidth, inputWidth + stateWidth); // empty if the cell has one bias
    this.x = new Float64Array(inputWidth); // (G·H)
    this.s = new Float64Array(stateWidth); // (S·H)
    this.stateBefore = Array.from({ length: states }, () => new Float64Array(width));
    // The array of each value of the formula: the inputs, then the results of the operations.
    const gateOf = (/** @type {Float64Array} */ array) => (/** @type {unknown} */ _, /** @type {number} */ gate) =>
      array.subarray(gate * width, (gate + 1) * width);
    const inputs = [
      ...Array.from({ length: gates }, gateOf(this.x)),
      ...Array.from({ length: stateGates }, gateOf(this.s)),
      ...this.stateBefore,
      ...vectors,
    ];
    const results = operations.map(({ number }) => new Float64Array(width).fill(number));
    const values = [...inputs, ...results];
    this.operations = operations.map(({ name, of }, k) => ({
      compute: OPERATIONS[name],
      result: results[k],
      a: values[of[0]],
      b: values[of[1]],
    }));
    this.stateAfter = after.map((index) => values[index]);
  }

  /**
   * Compute the state after reading an input.
   * @param {number | Float64Array} input a token, or the hidden state of the layer before
   * @param {LayerState} state the state before the step
   * @returns {LayerState}
   */
  step(input, state) {
    const { x, s, kernel } = this;
    x.set(this.bias);
    if (typeof input === "number") {
      // The product of the kernel and a one-hot vector is a row of the kernel.
      const start = input * x.length;
      for (let k = 0; k < x.length; k++) x[k] += kernel[start + k];
    } else {
      this.kernelMatrix.addProduct(x, input);
    }
    s.fill(0).set(this.stateBias);
    this.recurrentMatrix.addProduct(s, state[0]);
    state.forEach((values, k) => this.stateBefore[k].set(values));
    for (const { compute, result, a, b } of this.operations) compute(result, a, b);
    return this.stateAfter.map((values) => values.slice());
  }
}

/** A recurrent network. */
class Network {
  /**
   * @param {number[]} widths of the layers
   * @param {ModelDescription} description
   */
  constructor(widths, { formula, tensors, half }) {
    const readTensor = (/** @type {string} */ name) => Float64Array.from(numbersOf(tensors[name], half));
    this.widths = widths;
    this.states = formula.states; // how many arrays each layer's state has
    this.layers = widths.map((width, k) => {
      const parameters = {
        kernel: readTensor(`rnn.${k}.kernel`),
        recurrentKernel: readTensor(`rnn.${k}.recurrent_kernel`),
        bias: readTensor(`rnn.${k}.bias`),
        vectors: formula.vectors.map((vector) => readTensor(`rnn.${k}.${vector}`)),
      };
      return new Layer(width, formula, parameters);
    });
    this.outputBias = readTensor("output.bias"); // (V)
    this.outputMatrix = new Matrix(readTensor("output.kernel"), this.outputBias.length); // (H, V)
  }

  /**
   * @param {LayerState[]} state
   * @returns {Float64Array[]} the hidden state of each layer
   */
  hiddenStates(state) {
    return state.map(([hidden]) => hidden);
  }

  /**
   * Return the state before a name, which is zero.
   * @returns {LayerState[]}
   */
  initialState() {
    return this.widths.map((width) => Array.from({ length: this.states }, () => new Float64Array(width)));
  }

  /**
   * Read one token.
   * @param {number} token
   * @param {LayerState[]} state the state before it
   * @returns {{state: LayerState[], logits: Float64Array}} the state after it, and the logits of the next id, (V)
   */
  step(token, state) {
    /** @type {LayerState[]} */
    const stateAfter = [];
    this.layers.forEach((layer, k) => {
      const input = k === 0 ? token : stateAfter[k - 1][0];
      stateAfter.push(layer.step(input, state[k]));
    });
    const [lastHidden] = stateAfter[stateAfter.length - 1];
    return { state: stateAfter, logits: this.outputMatrix.addProduct(this.outputBias.slice(), lastHidden) };
  }
}

/**
 * Return the largest number. An alphabet may have too many characters for Math.max(...numbers).
 * @param {ArrayLike<number>} numbers
 */
function largestOf(numbers) {
  let largest = numbers[0];
  for (let k = 1; k < numbers.length; k++) {
    if (numbers[k] > largest) largest = numbers[k];
  }
  return largest;
}

/**
 * Return softmax(logits / temperature). Temperature 0 gives the id with the largest logit the probability 1; if there
 * are several, the lowest of them.
 * @param {Float64Array | number[]} logits (V)
 * @param {Sampling} sampling
 * @returns {Float64Array} (V)
 */
function softmax(logits, { temperature }) {
  const largest = largestOf(logits);
  const probabilities = new Float64Array(logits.length);
  if (temperature === 0) {
    probabilities[logits.indexOf(largest)] = 1;
    return probabilities;
  }
  let total = 0;
  for (let id = 0; id < probabilities.length; id++) {
    probabilities[id] = Math.exp((logits[id] - largest) / temperature);
    total += probabilities[id];
  }
  for (let id = 0; id < probabilities.length; id++) probabilities[id] /= total;
  return probabilities;
}

/**
 * Return log Σ exp(logits).
 * @param {ArrayLike<number>} logits
 */
function logSumOfExponentials(logits) {
  const largest = largestOf(logits);
  let total = 0;
  for (let id = 0; id < logits.length; id++) total += Math.exp(logits[id] - largest);
  return largest + Math.log(total);
}

/**
 * Choose an id: the first one whose cumulative probability exceeds the number, otherwise the last one. The rule is that
 * of core/generation/sampling.py.
 * @param {number} uniformNumber in [0, 1)
 * @param {ArrayLike<number>} probabilities
 */
function drawId(uniformNumber, probabilities) {
  let sum = 0;
  for (let id = 0; id < probabilities.length; id++) {
    sum += probabilities[id];
    if (sum > uniformNumber) return id;
  }
  return probabilities.length - 1;
}
