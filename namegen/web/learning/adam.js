// Adam and its learning rates. namegen/core/optimizers.py and schedules.py in JavaScript.

const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-7;
const WARMUP = 0.2; // the share of all steps in which the learning rate rises

/** Adam (Kingma and Ba, 2015), in the form at the end of their section 2. */
class Adam {
  /** @param {GruParameters} parameters which it changes */
  constructor(parameters) {
    this.t = 0; // steps so far
    this.slots = Object.entries(parameters).map(([name, w]) => ({
      name: /** @type {keyof GruParameters} */ (name),
      w,
      m: new Float64Array(w.length),
      v: new Float64Array(w.length),
    }));
  }

  /**
   * @param {GruParameters} gradient
   * @param {number} learningRate
   */
  step(gradient, learningRate) {
    this.t += 1;
    const lr = (learningRate * Math.sqrt(1 - BETA_2 ** this.t)) / (1 - BETA_1 ** this.t);
    for (const { name, w, m, v } of this.slots) {
      const g = gradient[name];
      for (let k = 0; k < w.length; k++) {
        m[k] += (1 - BETA_1) * (g[k] - m[k]);
        v[k] += (1 - BETA_2) * (g[k] * g[k] - v[k]);
        w[k] -= lr * (m[k] / (Math.sqrt(v[k]) + EPSILON));
      }
    }
  }
}

/**
 * Return the learning rate of a step: it rises linearly from 1/25 of the peak to the peak, then falls along half a
 * cosine to 1/10,000 of the peak (Smith, 2018).
 * @param {number} step from 0 on
 * @param {number} steps of the whole run
 * @param {number} peak
 */
function oneCycle(step, steps, peak) {
  const lastStep = Math.max(steps - 1, 1);
  const top = WARMUP * lastStep; // the step with the highest learning rate
  if (step < top) return peak / 25 + ((peak - peak / 25) * step) / top;
  const end = peak / 10_000;
  const shareFallen = Math.min((step - top) / Math.max(lastStep - top, 1e-9), 1);
  return end + (peak - end) * 0.5 * (1 + Math.cos(Math.PI * shareFallen));
}
