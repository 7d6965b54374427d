/** The least ratio of the best WebGPU peer's time to ours, by row: the first pattern that a row's name matches. */
export const targets: readonly (readonly [RegExp, number])[] = [
  [/^RNN training step T32/, 10],
  [/^RNN training step T128/, 7],
  [/^character RNN/, 5],
  [/^RNN forward T128/, 4],
  [/^RNN forward T64/, 30],
  [/^RNN forward T256/, 2.2],
  [/^matmul/, 1.6],
  [/^conv2d gradients/, 3],
  [/^conv2d/, 2],
  [/pool gradient/, 3],
  [/^LeNet forward/, 2],
  [/^LeNet training step/, 3],
  [/^cold start/, 2],
];

/** Where nothing else is said. */
export const LEAST = 1;
/** Of the ratios of all rows. */
export const GEOMETRIC_MEAN = 3.5;

export const targetOf = (name: string): number => targets.find(([pattern]) => pattern.test(name))?.[1] ?? LEAST;
