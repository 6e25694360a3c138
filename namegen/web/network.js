// The network: one character in, the logits of the next one out. A model's data say which operations its cell is made of
// (`Formula` in namegen/core/network/cells.py); they are run here for one name at a time.
//
// V: characters and the boundary. L: labels, each with a beginning of its own, ids V to V + L − 1, which are only read.
// H: width of a layer. G: gates, side by side; S: how many of them, from the first on, read the state.
//     kernel K (V + L, or H of the layer before, G·H)   recurrent_kernel U (H, S·H)   bias b (G·H), or (2, G·H): b and b′
// Parameters are float32, the arithmetic is float64, which is what JavaScript's numbers are.

const BOUNDARY = 0; // the id that is predicted as STOP, and without labels read as START

const LANES = 8; // sums that are added up at the same time

/** A matrix that vectors are multiplied with, its columns in blocks of LANES: that is up to 1.7 times as fast as by rows. */
class Matrix {
  /** `values`: row by row. */
  constructor(values, columns) {
    this.rows = values.length / columns;
    this.columns = columns;
    const blocks = Math.ceil(columns / LANES);
    this.values = new Float64Array(blocks * this.rows * LANES); // by block, row and lane; zeros fill the last block
    values.forEach((value, k) => {
      const row = Math.floor(k / columns);
      const column = k % columns;
      const block = Math.floor(column / LANES);
      this.values[(block * this.rows + row) * LANES + (column % LANES)] = value;
    });
  }

  /** sums += x W, for the vector x and this matrix W. */
  addProduct(sums, x) {
    const { rows, columns, values: W } = this;
    for (let column = 0, at = 0; column < columns; column += LANES) {
      let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
      for (let row = 0; row < rows; row++, at += LANES) {
        const factor = x[row];
        a += factor * W[at];
        b += factor * W[at + 1];
        c += factor * W[at + 2];
        d += factor * W[at + 3];
        e += factor * W[at + 4];
        f += factor * W[at + 5];
        g += factor * W[at + 6];
        h += factor * W[at + 7];
      }
      sums[column] += a;
      sums[column + 1] += b; // behind the last column, typed arrays ignore it
      sums[column + 2] += c;
      sums[column + 3] += d;
      sums[column + 4] += e;
      sums[column + 5] += f;
      sums[column + 6] += g;
      sums[column + 7] += h;
    }
    return sums;
  }
}

/** The operations of formulas, each for all units of a layer: what it computes goes into `to`. */
const OPERATIONS = {
  number: (to) => {}, // it stays there
  add: (to, a, b) => { for (let k = 0; k < to.length; k++) to[k] = a[k] + b[k]; },
  subtract: (to, a, b) => { for (let k = 0; k < to.length; k++) to[k] = a[k] - b[k]; },
  multiply: (to, a, b) => { for (let k = 0; k < to.length; k++) to[k] = a[k] * b[k]; },
  divide: (to, a, b) => { for (let k = 0; k < to.length; k++) to[k] = a[k] / b[k]; },
  absolute: (to, a) => { for (let k = 0; k < to.length; k++) to[k] = Math.abs(a[k]); },
  sigmoid: (to, a) => { for (let k = 0; k < to.length; k++) to[k] = 1 / (1 + Math.exp(-a[k])); },
  tanh: (to, a) => { for (let k = 0; k < to.length; k++) to[k] = Math.tanh(a[k]); },
};

/** One layer. Its arrays are made once, and each step writes into them; only the state after a step is new. */
class Layer {
  constructor(width, { gates, state_gates, states, operations, after }, kernel, recurrentKernel, bias) {
    const zeros = () => new Float64Array(width);
    const parts = (sums, count) => Array.from({ length: count }, (_, k) => sums.subarray(k * width, (k + 1) * width));
    this.width = width;
    this.states = Array.from({ length: states }, zeros); // before the step
    this.kernel = kernel; // of a token, it's one row of it that is added
    this.kernelMatrix = new Matrix(kernel, gates * width);
    this.recurrentMatrix = new Matrix(recurrentKernel, state_gates * width);
    this.bias = bias.subarray(0, gates * width);
    this.stateBias = bias.subarray(gates * width, (gates + state_gates) * width); // none of a cell with one bias
    this.x = new Float64Array(gates * width);
    this.s = new Float64Array(state_gates * width);
    const given = [...parts(this.x, gates), ...parts(this.s, state_gates), ...this.states];
    const values = [...given, ...operations.map(({ number }) => zeros().fill(number))];
    this.operations = operations.map(({ name, of }, k) => ({
      run: OPERATIONS[name], to: values[given.length + k], a: values[of[0]], b: values[of[1]],
    }));
    this.after = after.map((place) => values[place]);
  }

  /** From the input, a token or the state of the layer before, and the state: the new state. */
  step(input, state) {
    this.x.set(this.bias);
    if (typeof input === "number") {
      const from = input * this.x.length; // the product of a one-hot row with K is one row of K
      for (let k = 0; k < this.x.length; k++) this.x[k] += this.kernel[from + k];
    } else this.kernelMatrix.addProduct(this.x, input);
    this.s.fill(0).set(this.stateBias);
    this.recurrentMatrix.addProduct(this.s, state[0]);
    state.forEach((values, k) => this.states[k].set(values));
    for (const { run, to, a, b } of this.operations) run(to, a, b);
    return this.after.map((values) => values.slice());
  }
}

class Network {
  /** `hidden`: the widths of its layers. The other fields are those of a description (namegen/web/arithmetic.py). */
  constructor({ hidden }, { formula, tensors, half: isHalf }) {
    const tensor = (name) => Float64Array.from(numbersOfText(tensors[name], isHalf));
    const parts = ["kernel", "recurrent_kernel", "bias"];
    this.layers = hidden.map((width, k) => new Layer(width, formula, ...parts.map((part) => tensor(`rnn.${k}.${part}`))));
    this.outputBias = tensor("output.bias");
    this.outputMatrix = new Matrix(tensor("output.kernel"), this.outputBias.length);
    this.states = formula.states;
    this.widths = hidden;
  }

  /** How many numbers a state has. */
  get numbers() {
    return this.states * this.widths.reduce((a, b) => a + b);
  }

  /** The hidden state of each layer, of a state. */
  hiddenStates(state) {
    return state.map(([h]) => h);
  }

  /** Before anything is read, every state is zero. */
  initialState() {
    return this.layers.map(({ width }) => Array.from({ length: this.states }, () => new Float64Array(width)));
  }

  /** Read one token: the new state of every layer, and the logits of what comes next. */
  step(token, state) {
    let x = token;
    const after = this.layers.map((layer, k) => {
      const layerState = layer.step(x, state[k]);
      x = layerState[0];
      return layerState;
    });
    return { state: after, logits: this.outputMatrix.addProduct(this.outputBias.slice(), x) };
  }
}

/** The largest of some numbers; not by Math.max(...), as an alphabet may be large. */
function largestOf(numbers) {
  let largest = numbers[0];
  for (let k = 1; k < numbers.length; k++) if (numbers[k] > largest) largest = numbers[k];
  return largest;
}

/** softmax(logits / temperature); temperature 0 puts everything on the likeliest id, the lowest on a tie. */
function probabilities(logits, temperature) {
  const largest = largestOf(logits);
  const chances = new Float64Array(logits.length);
  if (temperature === 0) {
    chances[logits.indexOf(largest)] = 1;
    return chances;
  }
  let total = 0;
  for (let id = 0; id < chances.length; id++) {
    chances[id] = Math.exp((logits[id] - largest) / temperature);
    total += chances[id];
  }
  for (let id = 0; id < chances.length; id++) chances[id] /= total;
  return chances;
}

/** log Σ exp of some logits. */
function logSumOfExponentials(logits) {
  const largest = largestOf(logits);
  let total = 0;
  for (let k = 0; k < logits.length; k++) total += Math.exp(logits[k] - largest);
  return largest + Math.log(total);
}

/** The rule of core/generation/sampling.py: the first id whose cumulative sum exceeds the uniform number, else the last id. */
function draw(uniform, chances) {
  let sum = 0;
  for (let id = 0; id < chances.length; id++) {
    sum += chances[id];
    if (sum > uniform) return id;
  }
  return chances.length - 1;
}

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~";
const DIGIT_OF_CODE = [];
[...DIGITS].forEach((digit, value) => (DIGIT_OF_CODE[digit.charCodeAt(0)] = value));

/**
 * The bytes of a text in base 85 (core/checkpoint/metadata.py), as an ArrayBuffer. All machines that run browsers have the
 * little end of numbers first.
 */
function bytesOfText(text) {
  const bytes = new DataView(new ArrayBuffer(4 * Math.ceil(text.length / 5)));
  for (let k = 0; 5 * k < text.length; k++) {
    let word = 0;
    for (let i = 5 * k; i < 5 * k + 5; i++) word = 85 * word + (i < text.length ? DIGIT_OF_CODE[text.charCodeAt(i)] : 84);
    if (!(word < 2 ** 32)) throw new Error("it is no text in base 85"); // NaN for another character
    bytes.setUint32(4 * k, word);
  }
  return bytes.buffer.slice(0, Math.floor((4 * text.length) / 5));
}

/** The numbers in a text: float32, or half precision. */
function numbersOfText(text, isHalf) {
  const bytes = bytesOfText(text);
  return isHalf ? Float32Array.from(new Uint16Array(bytes), fromHalf) : new Float32Array(bytes);
}

/** The number that 16 bits stand for (IEEE 754, binary16). */
function fromHalf(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const sign = bits >> 15 ? -1 : 1;
  if (exponent === 31) return NaN; // no parameter is infinite
  if (exponent === 0) return sign * fraction * 2 ** -14;
  return sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** The same as an array. */
const bytesOf = (text) => new Uint8Array(bytesOfText(text));
