import { requestDevice } from "../../../src/gpu/device.ts";
import { Gpu } from "../../../src/gpu/gpu.ts";
import { runKernelOn } from "../../../src/gpu/run-kernel.ts";
import { type Clip, CONTROL, STATUS } from "../../../src/graph/update.ts";
import { adam, adamw } from "../../../src/ops/update/adam.ts";
import {
  clipGradients,
  clipScale,
  clipValueParam,
  finishParams,
  globalNorm,
  gradientFinishKernel,
  gradientNormKernel,
  normParams,
  normPartials,
  partialWords,
} from "../../../src/ops/update/norm.ts";
import { rmsprop } from "../../../src/ops/update/rmsprop.ts";
import type { OptimizerRule } from "../../../src/ops/update/rule.ts";
import { sgd } from "../../../src/ops/update/sgd.ts";
import { randomSource } from "../../../src/random.ts";

let dispatcher: Promise<Gpu> | undefined;
const gpu = (): Promise<Gpu> => {
  dispatcher ??= requestDevice({ defaultLimits: true }).then((opened) => new Gpu(opened, true));
  return dispatcher;
};

const toFloat = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0];
const toBits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];

/** A flat segment: variables of these sizes, each in whole blocks of 64 floats, NaN in the gaps; size 0 is a block of another owner. */
class Segment {
  readonly flat: Float32Array;
  readonly blocks: Uint32Array;
  readonly offsets: number[] = [];
  readonly sizes: readonly number[];

  constructor(sizes: readonly number[]) {
    this.sizes = sizes;
    const counts: number[] = [];
    for (const size of sizes) {
      this.offsets.push(64 * counts.length);
      for (let at = 0; at < Math.max(size, 1); at += 64) counts.push(Math.max(0, Math.min(64, size - at)));
    }
    this.blocks = Uint32Array.from(counts);
    this.flat = new Float32Array(64 * counts.length).fill(Number.NaN);
  }

  fill(value: (index: number) => number): this {
    this.sizes.forEach((size, k) => {
      for (let i = 0; i < size; i++) this.flat[this.offsets[k] + i] = value(i);
    });
    return this;
  }

  /** The variables' values. */
  values(flat: Float32Array = this.flat): Float64Array[] {
    return this.sizes.map((size, k) => Float64Array.from(flat.subarray(this.offsets[k], this.offsets[k] + size)));
  }

  /** Whether no gap was touched. */
  gapsKept(flat: Float32Array): boolean {
    return flat.every((value, i) => i % 64 < this.blocks[Math.floor(i / 64)] || Number.isNaN(value));
  }
}

interface Finish {
  /** Whether workgroups join partial norms, as on a real GPU. */
  readonly joined: boolean;
  readonly clip?: Clip;
  readonly loss?: readonly number[];
  readonly status?: Uint32Array;
}

async function finish(segments: readonly Segment[], { joined, clip, loss = [], status = new Uint32Array(STATUS.WORDS) }: Finish) {
  const counts = segments.map(({ flat }) => normPartials(flat.length, joined));
  const total = counts.reduce((sum, count) => sum + count, 0);
  let partials: Uint32Array = new Uint32Array(partialWords(total)).fill(0x7fc12345);
  let offset = 0;
  for (const [i, { flat, blocks }] of segments.entries()) {
    const run = { buffers: { gradients: flat, blocks, partials }, params: normParams(flat.length, offset, joined) };
    partials = (await runKernelOn(await gpu(), gradientNormKernel(joined), run)).partials as Uint32Array;
    offset += counts[i];
  }
  const control = new Uint32Array(CONTROL.WORDS);
  control[CONTROL.STEP] = 4;
  const written = await runKernelOn(await gpu(), gradientFinishKernel(joined), {
    buffers: { partials, loss: Float32Array.from(loss.length > 0 ? loss : [Number.NaN]), run: Uint32Array.of(17), control, status },
    params: finishParams({ partials: total, clip, program: 5, lossSize: loss.length }),
  });
  return { control: written.control as Uint32Array, status: written.status as Uint32Array };
}

export interface NormCase {
  readonly name: string;
  /** Relative errors. */
  readonly norm: number;
  readonly scale: number;
  readonly control: readonly number[];
}

/** Norms of gradients of very different sizes, over two segments with gaps. An infinite norm must be infinite. */
export async function normCases(joined: boolean): Promise<NormCase[]> {
  const cases: NormCase[] = [];
  for (const size of [1, 1e25, 3e38, 1e-20, 1e-30, 0])
    for (const clip of [{ kind: "l2", max: 1 }, { kind: "inf", max: 1e-3 }, { kind: "l2", max: 1e37 }, undefined] as const) {
      const random = randomSource(0, `${size}`);
      const value = (scale: number) => () => Math.fround(scale * (2 * random.uniform() - 1));
      const a = new Segment([130, 0, 1, 64, 8193, 3]).fill(value(size));
      const b = new Segment([7, 20000]).fill(value(size * 0.01));
      const norm = globalNorm([...a.values(), ...b.values()], clip?.kind);
      const scale = clipScale(norm, clip);
      // GPUs may flush what is below the smallest normal f32 to zero.
      const relative = (got: number, wanted: number): number =>
        got === wanted || Math.abs(got - wanted) < 2 ** -126 ? 0 : Math.abs(got - wanted) / wanted;
      // The large ones first, and the small ones, whose sums are then brought to the scale of the large.
      for (const segments of [
        [a, b],
        [b, a],
      ]) {
        const { control } = await finish(segments, { joined, clip, loss: [1] });
        cases.push({
          name: `${size} ${clip?.kind} ${clip?.max}, ${segments[0] === a ? "large" : "small"} first`,
          norm: relative(toFloat(control[CONTROL.NORM]), norm > 3.4028235e38 ? Number.POSITIVE_INFINITY : norm),
          scale: relative(toFloat(control[CONTROL.SCALE]), scale),
          control: [...control],
        });
      }
    }
  return cases;
}

export interface FlagCase {
  readonly control: readonly number[];
  readonly status: readonly number[];
}

/** What happens with one value that is not finite in a gradient, in a gap, in the loss, and when the status is set already. */
export async function flagCases(joined: boolean): Promise<Record<string, FlagCase>> {
  const make = (bad?: number): Segment => {
    const segment = new Segment([130, 700]).fill((i) => Math.sin(i));
    if (bad !== undefined) segment.flat[64 * 3 + 699] = bad;
    return segment;
  };
  const of = async (segment: Segment, options: Omit<Finish, "joined">): Promise<FlagCase> => {
    const { control, status } = await finish([segment], { joined, ...options });
    return { control: [...control], status: [...status] };
  };
  return {
    fine: await of(make(), { loss: [1] }),
    noLoss: await of(make(), {}),
    infinite: await of(make(Number.POSITIVE_INFINITY), { loss: [1] }),
    negative: await of(make(Number.NEGATIVE_INFINITY), { loss: [1] }),
    nan: await of(make(Number.NaN), { loss: [1] }),
    loss: await of(make(), { loss: [1, 2, Number.NaN] }),
    both: await of(make(Number.NaN), { loss: [Number.POSITIVE_INFINITY] }),
    sticky: await of(make(), { loss: [1], status: Uint32Array.of(2, 9, 3, 0, 0, 0, 0, 0) }),
  };
}

export interface RuleCase {
  readonly name: string;
  /** Largest error of a parameter over all steps, relative to max(1, |p|). */
  readonly error: number;
  readonly gapsKept: boolean;
  /** With SKIP nothing changes. */
  readonly skips: boolean;
}

const rules: Readonly<Record<string, () => OptimizerRule>> = {
  sgd: () => sgd({ learningRate: 0.1, weightDecay: 0.01 }),
  momentum: () => sgd({ learningRate: 0.1, momentum: 0.9, dampening: 0.3 }),
  nesterov: () => sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
  adam: () => adam({ weightDecay: 0.1 }),
  "adam without memory": () => adam({ beta1: 0, beta2: 0 }),
  adamw: () => adamw({ learningRate: 0.01 }),
  rmsprop: () => rmsprop({ alpha: 0.9 }),
  "rmsprop centred": () => rmsprop({ centered: true, momentum: 0.5, weightDecay: 0.01 }),
};

/** Each rule against its reference for 6 steps (the last one late, for the bias correction), over a segment with gaps, clamped. */
export async function ruleCases(): Promise<RuleCase[]> {
  const clip = { kind: "value", max: 1.5 } as const;
  const cases: RuleCase[] = [];
  for (const [name, make] of Object.entries(rules)) {
    const { optimizer } = make();
    const random = randomSource(0, name);
    const sizes = [130, 0, 1, 64, 67];
    const segment = new Segment(sizes).fill(() => Math.fround(random.normal()));
    let arrays: Record<string, Float32Array> = { parameters: segment.flat.slice() };
    for (const state of optimizer.states) arrays[state] = new Segment(sizes).fill(() => 0).flat;
    const expected = segment.values();
    const states = sizes.map((size) => optimizer.states.map(() => new Float64Array(size)));
    const rate = optimizer.learningRate as number;
    const run = async (gradients: Float32Array, step: number, skip: number) =>
      (await runKernelOn(await gpu(), optimizer.kernel(), {
        buffers: {
          gradients,
          ...arrays,
          blocks: segment.blocks,
          control: Uint32Array.of(toBits(0.5), skip, step, 0),
          rate: Float32Array.of(rate),
        },
        params: { size: segment.flat.length / 4, clip_value: clipValueParam(clip), ...optimizer.hyper },
      })) as Record<string, Float32Array>;
    let error = 0;
    for (const step of [1, 2, 3, 4, 5, 3000]) {
      const gradients = new Segment(sizes).fill(() => Math.fround(2 * random.normal()));
      arrays = await run(gradients.flat, step, 0);
      const halved = gradients.values().map((gradient) => gradient.map((g) => g / 2));
      const { clipped } = clipGradients(halved, clip);
      expected.forEach((parameter, k) => {
        optimizer.reference(step, rate, parameter, clipped[k], states[k]);
      });
      segment.values(arrays.parameters).forEach((parameter, k) => {
        parameter.forEach((p, i) => {
          error = Math.max(error, Math.abs(p - expected[k][i]) / Math.max(1, Math.abs(expected[k][i])));
        });
      });
    }
    const gapsKept = Object.values(arrays).every((flat) => segment.gapsKept(flat));
    const after = await run(new Segment(sizes).fill(() => 1).flat, 6, 1);
    const skips = Object.entries(after).every(([key, flat]) => flat.every((value, i) => Object.is(value, arrays[key][i])));
    cases.push({ name, error, gapsKept, skips });
  }
  return cases;
}
