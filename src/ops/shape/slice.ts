import { padShader } from "../../../shaders/pad.wgsl.ts";
import { check, checkOptions } from "../../errors.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, Op, Variant } from "../../graph/op.ts";
import { applyOne, type Tensor } from "../../graph/tensor.ts";
import { byteLength, type DType, formatType, type Rank, type Shape, sizeOf, stridesOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { copyCost, exact, movable, wholeNumbers } from "./common.ts";
import { boxVariants, copyBoxReference, type StridedBox } from "./strided.ts";

export interface SliceAttributes {
  readonly begin: readonly number[];
  /** Sizes of the output; -1: up to the end. */
  readonly size: readonly number[];
  /** Distance of neighbours in the input; negative walks backwards from `begin`. */
  readonly strides: readonly number[];
}

function boxOf({ inputs, outputs, attributes: { begin, strides } }: Call<SliceAttributes>): StridedBox {
  const steps = stridesOf(inputs[0].shape);
  return {
    sizes: outputs[0].shape,
    strides: steps.map((step, d) => step * strides[d]),
    base: steps.reduce((base, step, d) => base + step * begin[d], 0),
  };
}

/** How many elements there are from `begin` on in steps of `stride`, in an axis of size n. */
const available = (n: number, begin: number, stride: number): number =>
  Math.max(0, stride > 0 ? Math.ceil((n - begin) / stride) : Math.floor(begin / -stride) + 1);

export const sliceOp: Op<SliceAttributes> = {
  name: "slice",
  shape([input], { begin, size, strides }) {
    const x = movable("slice", "x", input);
    wholeNumbers("slice", "begin", begin, x, 0);
    wholeNumbers("slice", "size", size, x, -1);
    wholeNumbers("slice", "strides", strides, x, Number.MIN_SAFE_INTEGER);
    check(!strides.includes(0), "argument", () => `slice: strides is [${strides}]; none may be 0`);
    const shape = x.shape.map((n, d) => {
      const most = begin[d] < n ? available(n, begin[d], strides[d]) : 0;
      const wanted = size[d] === -1 ? most : size[d];
      check(
        wanted <= most && begin[d] <= n,
        "shape",
        () => `slice: x is ${formatType(x)}: axis ${d} has no ${wanted} elements from ${begin[d]} in steps of ${strides[d]}`,
      );
      return wanted;
    });
    return [{ dtype: x.dtype, shape }];
  },
  reference: (call, [x], [y]) => copyBoxReference(boxOf(call), x, y),
  moves: (call) => ({ boxes: [{ input: 0, box: boxOf(call) }] }),
  gradient({ inputs: [x], attributes: { begin, strides }, gradients: [gradient] }) {
    if (!gradient) return [undefined];
    // Put back in ascending order, then between zeros: `strides - 1` of them inside.
    const sizes = gradient.shape;
    const backwards = strides.some((s) => s < 0);
    const flipped = backwards
      ? slice(
          gradient,
          strides.map((s, d) => (s < 0 ? Math.max(0, sizes[d] - 1) : 0)),
          sizes,
          strides.map((s) => (s < 0 ? -1 : 1)),
        )
      : gradient;
    const inside = strides.map((s) => Math.abs(s) - 1);
    const before = strides.map((s, d) => (s > 0 || sizes[d] === 0 ? begin[d] : begin[d] + (sizes[d] - 1) * s));
    const after = before.map((b, d) => x.shape[d] - b - (sizes[d] === 0 ? 0 : (sizes[d] - 1) * Math.abs(strides[d]) + 1));
    return [applyOne(padOp, [flipped], { before, after, inside, value: 0 })];
  },
  kernels: boxVariants(boxOf),
  cost: copyCost,
  error: exact,
};

/**
 * The part of x that begins at `begin` and has `size` elements along each axis (-1: up to the end), taken in steps of `strides`
 * (1 by default; negative ones walk backwards from `begin`, so strides [-1] from the last element flips). f32, i32, u32.
 * @throws UnrollError `argument` when a list does not have one whole number for each axis, `shape` when x has not that many elements.
 */
export function slice<D extends DType, S extends Shape>(
  x: Tensor<D, S>,
  begin: readonly number[],
  size: readonly number[],
  strides?: readonly number[],
): Tensor<D, Rank<S>> {
  return applyOne(sliceOp, [x], { begin, size, strides: strides ?? x?.shape?.map(() => 1) });
}

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
