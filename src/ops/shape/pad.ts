import { padShader } from "../../../shaders/pad.wgsl.ts";
import { check, checkOptions } from "../../errors.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, Op, Variant } from "../../graph/op.ts";
import { applyOne, type Tensor } from "../../graph/tensor.ts";
import { byteLength, type DType, type Rank, type Shape, sizeOf, stridesOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { exact, movable, wholeNumbers } from "./common.ts";
import { sliceOp } from "./slice.ts";

export interface PadAttributes {
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** How many values stand between neighbours of x. */
  readonly inside: readonly number[];
  readonly value: number;
}

/** One axis: `inner` elements, `step` apart, with `before` values before and `size` places in all. */
interface Axis {
  readonly size: number;
  readonly inner: number;
  readonly before: number;
  readonly step: number;
}

/** The axes, with those that are not padded merged into the one before. */
function axesOf({ inputs: [x], outputs: [y], attributes: { before, inside } }: Call<PadAttributes>): Axis[] {
  const axes: Axis[] = [];
  x.shape.forEach((inner, d) => {
    const size = y.shape[d];
    const last = axes[axes.length - 1];
    if (size === inner && last?.step === 1)
      axes[axes.length - 1] = { size: last.size * size, inner: last.inner * size, before: last.before * size, step: 1 };
    else axes.push({ size, inner, before: before[d], step: inside[d] + 1 });
  });
  return axes.length > 0 ? axes : [{ size: 1, inner: 1, before: 0, step: 1 }];
}

function variant(vec4: boolean): Variant<PadAttributes> {
  return {
    name: vec4 ? "vec4" : "scalar",
    preference: () => (vec4 ? 1 : 0),
    allowed(call) {
      const { size, inner, before, step } = axesOf(call).at(-1) as Axis;
      return !vec4 || (step === 1 && [size, inner, before].every((n) => n % 4 === 0));
    },
    plan(call) {
      const axes = axesOf(call);
      const rank = axes.length;
      const dilated = axes.some((axis) => axis.step > 1);
      const unit = (d: number) => (vec4 && d === rank - 1 ? 4 : 1);
      const inwards = axes.map((_, d) => rank - 1 - d);
      const params: Record<string, number> = {
        count: sizeOf(call.outputs[0].shape) / (vec4 ? 4 : 1),
        value: bitsOf(call.attributes.value, call.outputs[0].dtype),
      };
      for (const d of inwards) if (d > 0) params[`size${d}`] = axes[d].size / unit(d);
      for (const d of inwards) params[`inner${d}`] = axes[d].inner / unit(d);
      for (const d of inwards) params[`before${d}`] = axes[d].before / unit(d);
      if (dilated) for (const d of inwards) params[`step${d}`] = axes[d].step;
      return {
        dispatches: [
          {
            kernel: kernel({
              name: `pad ${rank}-d${vec4 ? ", vec4" : ""}`,
              wgsl: padShader({ rank, vec4, dilated }),
              bindings: { source: read("u32"), destination: write("u32") },
              params: Object.fromEntries(Object.keys(params).map((name) => [name, "u32" as const])),
            }),
            bindings: { source: { input: 0 }, destination: { output: 0 } },
            params,
            workgroups: foldGrid(Math.ceil(params.count / 64)),
          },
        ],
      };
    },
  };
}

/** The bits of a value, as the kernel writes them. */
function bitsOf(value: number, dtype: DType): number {
  return dtype === "f32" ? new Uint32Array(new Float32Array([value]).buffer)[0] : value >>> 0;
}

export const padOp: Op<PadAttributes> = {
  name: "pad",
  shape([input], { before, after, inside, value }) {
    const x = movable("pad", "x", input);
    wholeNumbers("pad", "before", before, x, 0);
    wholeNumbers("pad", "after", after, x, 0);
    wholeNumbers("pad", "inside", inside, x, 0);
    check(
      typeof value === "number" && (x.dtype === "f32" || Number.isInteger(value)),
      "argument",
      () => `pad: the value is ${String(value)}; expected a number that ${x.dtype} holds`,
    );
    return [{ dtype: x.dtype, shape: x.shape.map((n, d) => before[d] + n + Math.max(0, n - 1) * inside[d] + after[d]) }];
  },
  reference({ inputs: [type], outputs: [padded], attributes }, [x], [y]) {
    const { before, inside, value } = attributes;
    y.fill(padded.dtype === "f32" ? Math.fround(value) : padded.dtype === "u32" ? value >>> 0 : value | 0);
    const strides = stridesOf(padded.shape);
    const { shape } = type;
    for (let i = 0; i < x.length; i++) {
      let rest = i;
      let at = 0;
      for (let d = shape.length - 1; d >= 0; d--) {
        at += (before[d] + (rest % shape[d]) * (inside[d] + 1)) * strides[d];
        rest = Math.floor(rest / shape[d]);
      }
      y[at] = x[i];
    }
  },
  moves({ inputs: [x], outputs: [padded], attributes: { before, inside, value } }) {
    const steps = stridesOf(padded.shape);
    const base = steps.reduce((sum, step, d) => sum + step * before[d], 0);
    const strides = steps.map((step, d) => step * (inside[d] + 1));
    return { boxes: [{ input: 0, box: { sizes: x.shape, strides, base }, scatter: true }], fill: value };
  },
  gradient({ inputs: [x], attributes: { before, inside }, gradients: [gradient] }) {
    return [gradient && applyOne(sliceOp, [gradient], { begin: before, size: x.shape, strides: inside.map((n) => n + 1) })];
  },
  kernels: [variant(true), variant(false)],
  cost: ({ inputs: [x], outputs: [y] }) => ({ flops: 0, bytes: byteLength(x) + byteLength(y) }),
  error: exact,
};

export interface PadOptions {
  /** What fills the new places; default 0. */
  value?: number;
  /** For each axis how many values are put between neighbours of x (the zeros of a transposed convolution); default none. */
  inside?: readonly number[];
}

/**
 * Adds `before[d]` places before and `after[d]` places after axis d of x, filled with one value. f32, i32, u32.
 * @throws UnrollError `argument` when a list does not have one whole number of at least 0 for each axis.
 */
export function pad<D extends DType, S extends Shape>(
  x: Tensor<D, S>,
  before: readonly number[],
  after: readonly number[],
  options: PadOptions = {},
): Tensor<D, Rank<S>> {
  checkOptions("pad", options, ["value", "inside"]);
  const { value = 0, inside } = options;
  return applyOne(padOp, [x], { before, after, inside: inside ?? x?.shape?.map(() => 0), value });
}
