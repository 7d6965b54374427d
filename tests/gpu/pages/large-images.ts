import {
  averagePool2d,
  batchNormTrain,
  compile,
  constant,
  conv2d,
  convTranspose2d,
  Engine,
  type EngineOptions,
  type F32,
  gather,
  gradient,
  input,
  lpPool2d,
  maxout,
  maxPool2d,
  mul,
  type Node,
  reshape,
  resize2d,
  sum,
  type Tensor,
} from "../../../src/index.ts";
import { lineOf, tapsOf } from "../../../src/ops/resize/line.ts";

type Images = F32<readonly [number, number, number, number]>;
type Shape4 = readonly [number, number, number, number];

/** What an element should be, and how far the GPU's may be from it. */
export interface Spot {
  readonly value: number;
  readonly error: number;
}
export interface Large {
  /** What is wrong, in words. */
  readonly wrong: readonly string[];
  readonly seconds: Readonly<Record<string, number>>;
}
export type SpotOf = (index: number) => Spot;

/** Numbers that look random, of 16 bits, so that there are ties: more than the tensors have elements. */
const COUNT = 22_000_000;
let numbers: Float32Array<ArrayBuffer> | undefined;
export function allValues(): Float32Array<ArrayBuffer> {
  if (!numbers) {
    numbers = new Float32Array(COUNT);
    for (let i = 0; i < COUNT; i++) numbers[i] = ((Math.imul(i + 1, 0x9e3779b1) >>> 13) & 0xffff) / 0x8000 - 1 + 2 ** -17;
  }
  return numbers;
}
/** Where the values of the tensor begin that stands for dLoss/dy. */
const UPSTREAM = 777;
export const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
export const values = (n: number): Float32Array<ArrayBuffer> => allValues().subarray(0, n);
const upstream = (n: number): Float32Array<ArrayBuffer> => allValues().subarray(UPSTREAM, UPSTREAM + n);

/** Elements to look at: the ends, the places where a folded grid begins its next row, and others between; `most` of them. */
export function spotsOf(n: number, most = 400): Uint32Array {
  const row = 65535 * 64;
  const spots = new Set([0, n - 1, n >> 1, 1, n - 2, 2, n - 3]);
  for (let at = row; at < n; at += row) for (const near of [at - 1, at, at + 1]) spots.add(near);
  let state = 12345;
  for (let draw = 0; draw < most; draw++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    spots.add(Math.floor((state / 2 ** 32) * n));
  }
  return Uint32Array.from([...spots].filter((at) => at >= 0 && at < n).slice(0, most));
}

/** Runs a graph and compares chosen elements of each output; what is wrong, in words. Outputs are picked on the GPU. */
export async function compareSpots(
  engine: Engine,
  name: string,
  inputs: readonly (readonly [Tensor, Float32Array | Uint32Array | Int32Array])[],
  outputs: Readonly<Record<string, readonly [Tensor, SpotOf, most?: number]>>,
): Promise<string[]> {
  const spots = Object.fromEntries(Object.entries(outputs).map(([key, [tensor, , most]]) => [key, spotsOf(tensor.size, most)]));
  const picked = Object.fromEntries(
    Object.entries(outputs).map(([key, [tensor]]) => {
      const at = constant(spots[key], [spots[key].length], "u32");
      return [key, gather(reshape(tensor as F32, [tensor.size]), at)];
    }),
  );
  const program = await compile(engine, {
    inputs: Object.fromEntries(inputs.map(([tensor], i) => [`input${i}`, tensor])),
    outputs: picked,
    label: name,
  });
  try {
    const batch = Object.fromEntries(inputs.map(([, data], i) => [`input${i}`, data]));
    const results = await program.run(batch as never, { read: Object.keys(picked) as never });
    return Object.entries(results as Record<string, ArrayLike<number>>).flatMap(([key, seen]) => {
      const wrong: string[] = [];
      spots[key].forEach((index, i) => {
        const { value, error } = outputs[key][1](index);
        if (!(Math.abs(seen[i] - value) <= error)) wrong.push(`${name}, ${key}[${index}]: ${seen[i]} instead of ${value} ± ${error}`);
      });
      return wrong.slice(0, 3);
    });
  } finally {
    program.dispose();
  }
}

export const near = (value: number, relative = 2e-6): Spot => ({ value, error: relative * (1 + Math.abs(value)) });

/** dLoss/d`wrt` where dLoss/dy is a further input. */
export function withUpstream(
  y: Tensor,
  wrt: readonly Tensor[],
): { readonly g: F32; readonly gradients: readonly Tensor[]; readonly values: Float32Array } {
  const g = input(y.shape);
  return { g, gradients: gradient(sum(mul(y as F32, g)), wrt).tensors, values: upstream(y.size) };
}

/** The element by the op's own formula for one element, from f32 data (it only reads them). */
const bySpot = (tensor: Tensor, ...data: readonly Float32Array[]): SpotOf => {
  let node = (tensor.source as { readonly node: Node }).node;
  while (node.op.view) node = (node.inputs[0].source as { readonly node: Node }).node;
  return (index) => node.op.spot?.(node, data as never, index) ?? { value: Number.NaN, error: 0 };
};

async function convolution(engine: Engine, name: string, shape: Shape4, kernel: readonly [number, number], out: number): Promise<string[]> {
  const x = input(shape) as Images;
  const filter = input([...kernel, shape[3], out] as const) as Images;
  const weights = values(filter.size);
  const y = conv2d(x, filter, { padding: "same" });
  const { g, gradients, values: given } = withUpstream(y, [x, filter]);
  const data = values(x.size);
  return compareSpots(
    engine,
    name,
    [
      [x, data],
      [filter, weights],
      [g, given],
    ],
    {
      y: [y, bySpot(y, data, weights)],
      dx: [gradients[0], bySpot(gradients[0], given, weights)],
      // Each a sum over all pixels: few are enough.
      dw: [gradients[1], bySpot(gradients[1], data, given), 2],
    },
  );
}

async function transposed(engine: Engine, name: string, shape: Shape4, out: number): Promise<string[]> {
  const x = input(shape) as Images;
  const filter = input([3, 3, out, shape[3]]) as Images;
  const [data, weights] = [values(x.size), values(filter.size)];
  const y = convTranspose2d(x, filter, { stride: 2, padding: "same" });
  const { g, gradients, values: given } = withUpstream(y, [x]);
  return compareSpots(
    engine,
    name,
    [
      [x, data],
      [filter, weights],
      [g, given],
    ],
    { y: [y, bySpot(y, data, weights)], dx: [gradients[0], bySpot(gradients[0], given, weights)] },
  );
}

type Window = { readonly size: number; readonly stride: number; readonly padding: number };
const KINDS = { max: maxPool2d, average: averagePool2d, lp: (x: Images, o: Window) => lpPool2d(x, { ...o, p: 2 }) } as const;

/** Pooling and its gradient, each from the definition. */
async function pooling(engine: Engine, kind: keyof typeof KINDS, shape: Shape4, window: Window): Promise<string[]> {
  const [, h, w, c] = shape;
  const x = input(shape) as Images;
  const y = KINDS[kind](x, window);
  const { g, gradients, values: given } = withUpstream(y, [x]);
  const data = values(x.size);
  const [, oh, ow] = y.shape;
  const { size: k, stride, padding } = window;
  /** Indices of x under the window of element o of y, in order. */
  const taps = (o: number): number[] => {
    const [channel, ox, oy, n] = [o % c, Math.floor(o / c) % ow, Math.floor(o / c / ow) % oh, Math.floor(o / c / ow / oh)];
    const found: number[] = [];
    for (let iy = oy * stride - padding; iy < oy * stride - padding + k; iy++)
      for (let ix = ox * stride - padding; ix < ox * stride - padding + k; ix++)
        if (iy >= 0 && ix >= 0 && iy < h && ix < w) found.push(((n * h + iy) * w + ix) * c + channel);
    return found;
  };
  const pooled = (o: number): number => {
    const seen = taps(o).map((i) => data[i]);
    if (kind === "max") return Math.max(...seen);
    return kind === "average" ? seen.reduce((a, b) => a + b, 0) / seen.length : Math.hypot(...seen);
  };
  /** What window o gives back to element i of x. */
  const share = (o: number, i: number): number => {
    const under = taps(o);
    if (!under.includes(i)) return 0;
    if (kind === "average") return given[o] / under.length;
    if (kind === "lp") return (given[o] * data[i]) / pooled(o);
    const best = pooled(o);
    return under.find((at) => data[at] === best) === i ? given[o] : 0;
  };
  const back = (i: number): number => {
    const [channel, ix, iy, n] = [i % c, Math.floor(i / c) % w, Math.floor(i / c / w) % h, Math.floor(i / c / w / h)];
    let total = 0;
    const first = (at: number) => Math.max(0, Math.ceil((at + padding - k + 1) / stride));
    const last = (at: number, count: number) => Math.min(count - 1, Math.floor((at + padding) / stride));
    for (let oy = first(iy); oy <= last(iy, oh); oy++)
      for (let ox = first(ix); ox <= last(ix, ow); ox++) total += share(((n * oh + oy) * ow + ox) * c + channel, i);
    return total;
  };
  return compareSpots(
    engine,
    `${kind} pooling ${k}×${k} of ${shape.join("×")}`,
    [
      [x, data],
      [g, given],
    ],
    { y: [y, (o) => near(pooled(o))], dx: [gradients[0], (i) => near(back(i))] },
  );
}

async function maxoutOf(engine: Engine, shape: Shape4, pieces: number): Promise<string[]> {
  const x = input(shape);
  const y = maxout(x, { size: pieces });
  const { g, gradients, values: given } = withUpstream(y, [x]);
  const data = values(x.size);
  const group = (o: number) => Array.from({ length: pieces }, (_, j) => data[o * pieces + j]);
  const back = (i: number): number => {
    const own = group(Math.floor(i / pieces));
    return own.indexOf(Math.max(...own)) === i % pieces ? given[Math.floor(i / pieces)] : 0;
  };
  return compareSpots(
    engine,
    `maxout of ${pieces} of ${shape.join("×")}`,
    [
      [x, data],
      [g, given],
    ],
    { y: [y, (o) => near(Math.max(...group(o)), 0)], dx: [gradients[0], (i) => near(back(i), 0)] },
  );
}

async function resizing(engine: Engine, mode: "nearest" | "bilinear", shape: Shape4): Promise<string[]> {
  const [, h, w, c] = shape;
  const x = input(shape) as Images;
  const y = resize2d(x, { scale: 2, mode });
  const { g, gradients, values: given } = withUpstream(y, [x]);
  const data = values(x.size);
  const options = { mode, coordinates: "half_pixel", rounding: "round_prefer_floor" } as const;
  const [rows, columns] = [lineOf("", h, 2 * h, options), lineOf("", w, 2 * w, options)];
  const forward = (o: number): number => {
    const [channel, ox, oy, n] = [o % c, Math.floor(o / c) % (2 * w), Math.floor(o / c / 2 / w) % (2 * h), Math.floor(o / c / 4 / w / h)];
    let total = 0;
    for (const [iy, wy] of tapsOf(oy, rows, mode))
      for (const [ix, wx] of tapsOf(ox, columns, mode)) total += wy * wx * data[((n * h + iy) * w + ix) * c + channel];
    return total;
  };
  const back = (i: number): number => {
    const [channel, ix, iy, n] = [i % c, Math.floor(i / c) % w, Math.floor(i / c / w) % h, Math.floor(i / c / w / h)];
    const weight = (o: number, at: number, line: typeof rows) => tapsOf(o, line, mode).reduce((sum, [k, f]) => sum + (k === at ? f : 0), 0);
    let total = 0;
    for (let oy = Math.max(0, 2 * iy - 2); oy < Math.min(2 * h, 2 * iy + 4); oy++)
      for (let ox = Math.max(0, 2 * ix - 2); ox < Math.min(2 * w, 2 * ix + 4); ox++)
        total += weight(oy, iy, rows) * weight(ox, ix, columns) * given[((n * 2 * h + oy) * 2 * w + ox) * c + channel];
    return total;
  };
  return compareSpots(
    engine,
    `${mode} resize of ${shape.join("×")}`,
    [
      [x, data],
      [g, given],
    ],
    { y: [y, (o) => near(forward(o))], dx: [gradients[0], (i) => near(back(i))] },
  );
}

async function batchNorm(engine: Engine, shape: Shape4): Promise<string[]> {
  const c = shape[3];
  const x = input(shape);
  const [scale, bias] = [input([c]), input([c])];
  const { y } = batchNormTrain(x, scale, bias);
  const { g, gradients, values: given } = withUpstream(y, [x, scale, bias]);
  const data = values(x.size);
  const [a, b] = [values(c), upstream(c)];
  const rows = x.size / c;
  const [means, squares, products, sums] = [0, 0, 0, 0].map(() => new Float64Array(c));
  for (let i = 0; i < x.size; i++) means[i % c] += data[i] / rows;
  for (let i = 0; i < x.size; i++) squares[i % c] += (data[i] - means[i % c]) ** 2 / rows;
  const hat = (i: number) => (data[i] - means[i % c]) / Math.sqrt(squares[i % c] + 1e-5);
  for (let i = 0; i < x.size; i++) {
    products[i % c] += given[i] * hat(i);
    sums[i % c] += given[i];
  }
  const dx = (i: number) => (a[i % c] / Math.sqrt(squares[i % c] + 1e-5)) * (given[i] - (sums[i % c] + hat(i) * products[i % c]) / rows);
  // Sums of millions of terms of both signs: their roundings go with the sum of magnitudes, which is about half the rows.
  const total = (value: number): Spot => ({ value, error: 2e-6 * rows });
  return compareSpots(
    engine,
    `batch norm of ${shape.join("×")}`,
    [
      [x, data],
      [scale, a],
      [bias, b],
      [g, given],
    ],
    {
      y: [y, (i) => near(hat(i) * a[i % c] + b[i % c], 1e-5)],
      dx: [gradients[0], (i) => near(dx(i), 1e-5)],
      dScale: [gradients[1], (k) => total(products[k])],
      dBias: [gradients[2], (k) => total(sums[k])],
    },
  );
}

/** Everything for images, in tensors of about 20 million elements whose sizes are multiples of 4 or are not. `only` names what to run. */
export async function largeImages(aligned: boolean, options: EngineOptions, only?: readonly string[]): Promise<Large> {
  const engine = await Engine.create(options);
  const wrong: string[] = [];
  const seconds: Record<string, number> = {};
  const run = async (name: string, work: () => Promise<string[]>) => {
    if (only && !only.includes(name)) return;
    const begin = performance.now();
    wrong.push(...(await work()));
    seconds[name] = Math.round(performance.now() - begin) / 1000;
  };
  const few: Shape4 = aligned ? [5, 1000, 1000, 4] : [7, 977, 975, 3];
  const tiles = { size: 2, stride: 2, padding: 0 };
  const overlapping = { size: 3, stride: 2, padding: 1 };
  try {
    await run("conv, few channels", () => convolution(engine, "conv of few channels", few, aligned ? [2, 2] : [1, 3], aligned ? 4 : 3));
    await run("conv, many channels", () =>
      convolution(engine, "conv of many channels", aligned ? [5, 250, 250, 64] : [3, 319, 321, 65], [2, 1], aligned ? 16 : 15),
    );
    await run("transposed", () => transposed(engine, "transposed conv", aligned ? [5, 500, 500, 4] : [5, 577, 577, 2], aligned ? 4 : 3));
    await run("max", () => pooling(engine, "max", few, tiles));
    await run("max, overlapping", () => pooling(engine, "max", few, overlapping));
    await run("average", () => pooling(engine, "average", few, aligned ? overlapping : tiles));
    await run("lp", () => pooling(engine, "lp", few, aligned ? tiles : overlapping));
    await run("maxout", () => maxoutOf(engine, few, aligned ? 2 : 3));
    await run("batch norm", () => batchNorm(engine, few));
    await run("bilinear", () => resizing(engine, "bilinear", aligned ? [5, 500, 500, 4] : [5, 577, 577, 3]));
    await run("nearest", () => resizing(engine, "nearest", aligned ? [5, 500, 500, 4] : [5, 577, 577, 3]));
  } finally {
    engine.dispose();
  }
  return { wrong, seconds };
}
