import { argmax, argmin, Engine, type EngineOptions, input, layerNorm, oneHot, topKAccuracy } from "../../../src/index.ts";
import { compareSpots, type Large, near, type Spot, values, withUpstream } from "./large-images.ts";

const exactly = (value: number): Spot => ({ value, error: 0 });

/** Layer normalisation of rows of n, and its gradients. */
async function layerNormOf(engine: Engine, rows: number, n: number): Promise<string[]> {
  const x = input([rows, n]);
  const [scale, bias] = [input([n]), input([n])];
  const y = layerNorm(x, { scale, bias });
  const { g, gradients, values: given } = withUpstream(y, [x, scale, bias]);
  const data = values(x.size);
  const [a, b] = [values(n), values(2 * n).subarray(n)];
  const [means, factors] = [new Float64Array(rows), new Float64Array(rows)];
  for (let row = 0; row < rows; row++) {
    let mean = 0;
    let squares = 0;
    for (let r = 0; r < n; r++) mean += data[row * n + r] / n;
    for (let r = 0; r < n; r++) squares += (data[row * n + r] - mean) ** 2 / n;
    means[row] = mean;
    factors[row] = 1 / Math.sqrt(squares + 1e-5);
  }
  const hat = (i: number) => (data[i] - means[Math.floor(i / n)]) * factors[Math.floor(i / n)];
  const [products, sums] = [new Float64Array(n), new Float64Array(n)];
  const [rowProducts, rowSums] = [new Float64Array(rows), new Float64Array(rows)];
  for (let row = 0, i = 0; row < rows; row++)
    for (let r = 0; r < n; r++, i++) {
      const own = (data[i] - means[row]) * factors[row];
      products[r] += given[i] * own;
      sums[r] += given[i];
      rowProducts[row] += (given[i] * a[r] * own) / n;
      rowSums[row] += (given[i] * a[r]) / n;
    }
  const dx = (i: number): number => {
    const row = Math.floor(i / n);
    return factors[row] * (given[i] * a[i % n] - rowSums[row] - hat(i) * rowProducts[row]);
  };
  // As for batch normalisation: roundings go with the sum of magnitudes, about half the rows.
  const total = (value: number): Spot => ({ value, error: 2e-6 * rows });
  return compareSpots(
    engine,
    `layer norm of ${rows} rows of ${n}`,
    [
      [x, data],
      [scale, a],
      [bias, b],
      [g, given],
    ],
    {
      y: [y, (i) => near(hat(i) * a[i % n] + b[i % n], 1e-5)],
      dx: [gradients[0], (i) => near(dx(i), 1e-5)],
      dScale: [gradients[1], (r) => total(products[r])],
      dBias: [gradients[2], (r) => total(sums[r])],
    },
  );
}

/** The largest and the smallest along each axis of [rows, n], and of all in one row. */
async function argmaxOf(engine: Engine, rows: number, n: number): Promise<string[]> {
  const x = input([rows, n]);
  const whole = input([rows * n]);
  const data = values(x.size);
  const first = (count: number, at: (r: number) => number, smallest = false): number => {
    let best = 0;
    for (let r = 1; r < count; r++) if (smallest ? at(r) < at(best) : at(r) > at(best)) best = r;
    return best;
  };
  // Of all in one row the largest and the smallest are near the end, where they are easily missed.
  const late = data.slice();
  late[rows * n - 2] = 5;
  late[rows * n - 3] = -5;
  return [
    ...(await compareSpots(engine, `argmax of ${rows}×${n}`, [[x, data]], {
      rows: [argmax(x), (row) => exactly(first(n, (r) => data[row * n + r]))],
      columns: [argmax(x, { axis: 0 }), (column) => exactly(first(rows, (r) => data[r * n + column]))],
      least: [argmin(x, { axis: 0 }), (column) => exactly(first(rows, (r) => data[r * n + column], true))],
    })),
    ...(await compareSpots(engine, `argmax of ${rows * n}`, [[whole, late]], {
      largest: [argmax(whole, { keepDimensions: true }), () => exactly(rows * n - 2)],
      smallest: [argmin(whole, { keepDimensions: true }), () => exactly(rows * n - 3)],
    })),
  ];
}

async function classesOf(engine: Engine, rows: number, n: number): Promise<string[]> {
  const [x, labels] = [input([rows, n]), input([rows], "i32")];
  const data = values(x.size);
  const classes = Int32Array.from({ length: rows }, (_, row) => (row * 7919) % n);
  let hits = 0;
  for (let row = 0; row < rows; row++) {
    const own = data[row * n + classes[row]];
    let before = 0;
    for (let c = 0; c < n; c++) if (data[row * n + c] > own || (c < classes[row] && data[row * n + c] === own)) before++;
    if (before < 2) hits++;
  }
  const accuracy = topKAccuracy(x, labels, 2);
  return [
    ...(await compareSpots(engine, `one-hot of ${rows}×${n}`, [[labels, classes]], {
      y: [oneHot(labels, n), (i) => exactly(classes[Math.floor(i / n)] === i % n ? 1 : 0)],
    })),
    ...(await compareSpots(
      engine,
      `top 2 of ${rows}×${n}`,
      [
        [x, data],
        [labels, classes],
      ],
      { accuracy: [accuracy, () => ({ value: hits / rows, error: 1e-6 })] },
    )),
    // What is checked is no constant.
    ...(hits > 0 && hits < rows ? [] : [`top 2 of ${rows}×${n}: ${hits} hits prove nothing`]),
  ];
}

/** Everything for rows, in tensors of about 20 million elements whose sizes are multiples of 4 or are not. `only` names what to run. */
export async function largeRows(aligned: boolean, options: EngineOptions, only?: readonly string[]): Promise<Large> {
  const engine = await Engine.create(options);
  const wrong: string[] = [];
  const seconds: Record<string, number> = {};
  const run = async (name: string, work: () => Promise<string[]>) => {
    if (only && !only.includes(name)) return;
    const begin = performance.now();
    wrong.push(...(await work()));
    seconds[name] = Math.round(performance.now() - begin) / 1000;
  };
  try {
    await run("layer norm", () => layerNormOf(engine, aligned ? 312_500 : 307_693, aligned ? 64 : 65));
    await run("layer norm, long rows", () => layerNormOf(engine, 3, aligned ? 6_666_668 : 6_666_667));
    await run("argmax", () => argmaxOf(engine, aligned ? 5_000_000 : 6_666_667, aligned ? 4 : 3));
    await run("one-hot, top-k", () => classesOf(engine, aligned ? 5_000_000 : 6_666_667, aligned ? 4 : 3));
  } finally {
    engine.dispose();
  }
  return { wrong, seconds };
}
