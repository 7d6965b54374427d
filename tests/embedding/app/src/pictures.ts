/** Ten kinds of pictures that a small network tells apart in a few steps: a bright bar in a row of its own, in noise. */
export function pictures(batch: number, seed: number): { readonly x: Float32Array; readonly labels: Int32Array } {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const x = Float32Array.from({ length: batch * 28 * 28 }, () => 0.2 * random());
  const labels = Int32Array.from({ length: batch }, () => Math.floor(10 * random()));
  labels.forEach((label, n) => {
    for (let row = 0; row < 2; row++) x.fill(1, (n * 28 + 4 + 2 * label + row) * 28 + 4, (n * 28 + 4 + 2 * label + row) * 28 + 24);
  });
  return { x, labels };
}
