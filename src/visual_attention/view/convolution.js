// A convolution in the page, for widgets that run a small network: `shared = ("convolution.js",)`.

// Zeros around, as many as keep the size: (inputs, size, size) -> (outputs, made, made).
function convolve(x, size, { outputs, inputs, side, stride, weights, bias }, relu) {
  const pad = side >> 1;
  const made = Math.floor((size - 1) / stride) + 1;
  const values = new Float64Array(outputs * made * made);
  for (let o = 0; o < outputs; o++) {
    values.fill(bias[o], o * made * made, (o + 1) * made * made);
    for (let i = 0; i < inputs; i++) {
      for (let k = 0; k < side * side; k++) {
        const weight = weights[(o * inputs + i) * side * side + k];
        const down = Math.floor(k / side) - pad, right = (k % side) - pad;
        const first = Math.max(Math.ceil(-right / stride), 0); // columns for which the kernel is inside
        const end = Math.min(Math.floor((size - 1 - right) / stride) + 1, made);
        for (let row = 0; row < made; row++) {
          const y = row * stride + down;
          if (y < 0 || y >= size) continue;
          const to = (o * made + row) * made;
          let z = (i * size + y) * size + first * stride + right;
          for (let column = first; column < end; column++, z += stride) values[to + column] += weight * x[z];
        }
      }
    }
  }
  if (relu) for (let n = 0; n < values.length; n++) if (values[n] < 0) values[n] = 0;
  return { values, size: made };
}
