// The network: one character in, the logits of the next one out. The formulas are those of
// namegen/backends/numpy_engine/cells.py, in the same letters, for one name at a time.
//
// V: characters and the boundary. L: labels, each with a beginning of its own, ids V to V + L − 1, which are only read.
// H: width of a layer. G: gates (1; GRU z, r, h; LSTM i, f, c, o), side by side.
//     kernel K (V + L, or H of the layer before, G·H)   recurrent_kernel U (H, G·H)   bias b (G·H); GRU (2, 3·H)
// Parameters are float32, the arithmetic is float64, which is what JavaScript's numbers are.

const BOUNDARY = 0; // the id that is predicted as STOP, and without labels read as START

const sigmoid = (x) => 0.5 * Math.tanh(0.5 * x) + 0.5;

/**
 * sums += x W, for the vector x and the matrix W. Eight rows at a time, as each sum is then read and written an eighth as
 * often: three times as fast as row after row, and as each sum adds the same in the same order, equal to the last bit.
 */
function addProduct(sums, x, W) {
  const n = sums.length;
  let row = 0;
  for (; row + 8 <= x.length; row += 8) {
    const a = x[row], b = x[row + 1], c = x[row + 2], d = x[row + 3];
    const e = x[row + 4], f = x[row + 5], g = x[row + 6], h = x[row + 7];
    for (let k = 0, at = row * n; k < n; k++, at++) {
      const half = sums[k] + a * W[at] + b * W[at + n] + c * W[at + 2 * n] + d * W[at + 3 * n];
      sums[k] = half + e * W[at + 4 * n] + f * W[at + 5 * n] + g * W[at + 6 * n] + h * W[at + 7 * n];
    }
  }
  for (; row < x.length; row++) {
    for (let k = 0; k < n; k++) sums[k] += x[row] * W[row * n + k];
  }
  return sums;
}

/** x K + b. The product of a one-hot row with K is one row of K, so a token, which is a number, is looked up. */
function project(layer, x, columns) {
  const sums = layer.bias.slice(0, columns); // the GRU's first bias; the whole of the others'
  if (typeof x !== "number") return addProduct(sums, x, layer.kernel);
  for (let column = 0; column < columns; column++) sums[column] += layer.kernel[x * columns + column];
  return sums;
}

/** One step of one layer for each cell: from its input and its state to its new state; the first part is the output. */
const CELLS = {
  // h' = tanh(x K + h U + b)
  simple_rnn(layer, x, [h]) {
    const H = h.length;
    const a = addProduct(project(layer, x, H), h, layer.recurrent_kernel);
    return [a.map(Math.tanh)];
  },

  // z = σ(x K_z + b_z + h U_z + c_z);  r = σ(x K_r + b_r + h U_r + c_r);  c: the second row of the bias
  // n = tanh(x K_h + b_h + r (h U_h + c_h));  h' = z h + (1 − z) n
  gru(layer, x, [h]) {
    const H = h.length;
    const p = project(layer, x, 3 * H);
    const s = addProduct(layer.bias.slice(3 * H), h, layer.recurrent_kernel);
    const after = new Float64Array(H);
    for (let k = 0; k < H; k++) {
      const z = sigmoid(p[k] + s[k]);
      const r = sigmoid(p[H + k] + s[H + k]);
      const n = Math.tanh(p[2 * H + k] + r * s[2 * H + k]);
      after[k] = n + z * (h[k] - n);
    }
    return [after];
  },

  // a = x K + h U + b;  i, f, o = σ(a_i), σ(a_f), σ(a_o);  g = tanh(a_c);  c' = f c + i g;  h' = o tanh(c')
  lstm(layer, x, [h, c]) {
    const H = h.length;
    const a = addProduct(project(layer, x, 4 * H), h, layer.recurrent_kernel);
    const h_after = new Float64Array(H);
    const c_after = new Float64Array(H);
    for (let k = 0; k < H; k++) {
      const i = sigmoid(a[k]);
      const f = sigmoid(a[H + k]);
      const g = Math.tanh(a[2 * H + k]);
      const o = sigmoid(a[3 * H + k]);
      c_after[k] = f * c[k] + i * g;
      h_after[k] = o * Math.tanh(c_after[k]);
    }
    return [h_after, c_after];
  },
};

class Network {
  /** `network`: cell and hidden widths. `tensors`: the parameters, as namegen/web/export.py writes them. */
  constructor({ cell, hidden }, tensors) {
    const tensor = (name) => Float64Array.from(new Float32Array(bytesOfText(tensors[name])));
    this.cell = CELLS[cell];
    this.layers = hidden.map((width, k) => ({
      width,
      kernel: tensor(`rnn.${k}.kernel`),
      recurrent_kernel: tensor(`rnn.${k}.recurrent_kernel`),
      bias: tensor(`rnn.${k}.bias`),
    }));
    this.output = { kernel: tensor("output.kernel"), bias: tensor("output.bias") };
    this.states = cell === "lstm" ? 2 : 1; // h; LSTM h and c
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
      const layerState = this.cell(layer, x, state[k]);
      x = layerState[0];
      return layerState;
    });
    return { state: after, logits: addProduct(this.output.bias.slice(), x, this.output.kernel) };
  }
}

/** softmax(logits / temperature); temperature 0 puts everything on the likeliest id, the lowest on a tie. */
function probabilities(logits, temperature) {
  const largest = logits.reduce((a, b) => Math.max(a, b)); // not Math.max(...): an alphabet may be large
  if (temperature === 0) {
    const likeliest = logits.indexOf(largest);
    return logits.map((_, id) => (id === likeliest ? 1 : 0));
  }
  const weights = logits.map((logit) => Math.exp((logit - largest) / temperature));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / total);
}

/** The logarithm of one id's probability, also where the probability itself is too small for a number. */
function logProbability(logits, id, temperature) {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const total = logits.reduce((sum, logit) => sum + Math.exp((logit - largest) / temperature), 0);
  return (logits[id] - largest) / temperature - Math.log(total);
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
 * The bytes of a text in base 85 (core/network/record.py), as an ArrayBuffer. All machines that run browsers have the
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
