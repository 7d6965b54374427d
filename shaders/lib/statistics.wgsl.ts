/**
 * Mean and centred sum of squares of what was seen so far, merged without ever subtracting large sums (Chan, Golub and LeVeque,
 * "Updating formulae and a pairwise algorithm for computing sample variances", 1979). `V` is f32 or vec4<f32>.
 */
export const statisticsLibrary = (vector: boolean): string => `
alias V = ${vector ? "vec4<f32>" : "f32"};
struct State {
  n: f32,
  mean: V,
  squares: V,
}
fn merge_states(a: State, b: State) -> State {
  let n = a.n + b.n;
  let difference = b.mean - a.mean;
  let share = b.n / n;
  return State(n, a.mean + difference * share, a.squares + b.squares + difference * difference * (a.n * share));
}
`;

/**
 * How the elements of a reduction are cut into parts: part p takes first · p, first · p + step, … below first · p + span and below
 * `reduce`. With step 1 parts are contiguous; with step = number of parts neighbouring invocations read neighbouring elements.
 */
export const partParams = { reduce: "u32", inner: "u32", chunks: "u32", first: "u32", step: "u32", span: "u32" } as const;

/** `part_begin(p)` and `part_end(p)`: the elements of a part, in steps of `params.step`. */
export const partLibrary = `
fn part_begin(part: u32) -> u32 {
  return part * params.first;
}
fn part_end(part: u32) -> u32 {
  return min(part * params.first + params.span, params.reduce);
}
`;
