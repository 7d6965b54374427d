import { argmaxParams, argmaxShader, type ArgmaxOptions as ShaderOptions } from "../../../shaders/argmax.wgsl.ts";
import { argmaxMergeParams, argmaxMergeShader } from "../../../shaders/argmax_merge.wgsl.ts";
import { check, checkFlag, checkOptions } from "../../errors.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, DeviceTraits, Lowering, Op, Variant } from "../../graph/op.ts";
import { applyOne, type Tensor } from "../../graph/tensor.ts";
import { byteLength, formatType, type Shape, sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { checkTensor } from "../pointwise/define.ts";
import type { Reduced } from "../reduce/public.ts";
import { axisOf, movable } from "../shape/common.ts";
import { comesBefore } from "./order.ts";

export interface ArgmaxAttributes {
  /** From 0. */
  readonly axis: number;
  readonly keepDimensions: boolean;
}

/** Elements up to which a software adapter takes one pass, and those that an invocation keeps at least. */
const ONE_PASS = 2 ** 15;
const LEAST = 64;
const MOST_PARTS = 1024;

/** x seen as [outer, n, inner] around the axis. */
function viewOf({ inputs: [{ shape }], attributes: { axis } }: Call<ArgmaxAttributes>) {
  return { outer: sizeOf(shape.slice(0, axis)), n: shape[axis], inner: sizeOf(shape.slice(axis + 1)) };
}

function plan(name: string, smallest: boolean, call: Call<ArgmaxAttributes>, shared: boolean, device: DeviceTraits): Lowering {
  const { outer, n, inner } = viewOf(call);
  const results = outer * inner;
  if (results === 0) return { dispatches: [] };
  const dtype = call.inputs[0].dtype as ShaderOptions["dtype"];
  const vector = inner % 4 === 0 ? "inner" : inner === 1 && n % 4 === 0 ? "along" : "none";
  const [length, width] = [vector === "along" ? n / 4 : n, vector === "inner" ? inner / 4 : inner];
  const invocations = !shared ? 0 : length > 128 ? 256 : 64;
  const alone = Math.max(1, invocations);
  const wanted = device.software && results * n <= ONE_PASS ? 1 : Math.ceil((device.software ? 512 : 32768) / (outer * width * alone));
  const chunk = Math.ceil(length / Math.max(1, Math.min(wanted, MOST_PARTS, Math.floor(length / (LEAST * alone)))));
  const chunks = Math.ceil(length / chunk);
  const size = outer * chunks * width;
  const first = {
    kernel: kernel({
      name: `${name} ${shared ? "workgroup" : "serial"}`,
      wgsl: argmaxShader({ dtype, smallest, vector, shared: invocations }),
      bindings: { x: read("u32"), y: write("i32") },
      params: argmaxParams,
    }),
    bindings: { x: { input: 0 }, y: chunks === 1 ? { output: 0 } : { temporary: 0 } },
    params: { size, n: length, inner: width, chunk, chunks },
    workgroups: foldGrid(shared ? size : Math.ceil(size / 64)),
  };
  if (chunks === 1) return { dispatches: [first] };
  const together = !device.software;
  const second = {
    kernel: kernel({
      name: `${name} merge`,
      wgsl: argmaxMergeShader({ dtype, smallest, shared: together }),
      bindings: { x: read("u32"), parts: read("i32"), y: write("i32") },
      params: argmaxMergeParams,
    }),
    bindings: { x: { input: 0 }, parts: { temporary: 0 }, y: { output: 0 } },
    params: { size: results, n, inner, chunks },
    workgroups: foldGrid(together ? results : Math.ceil(results / 64)),
  };
  return { dispatches: [first, second], temporaries: [{ dtype: "i32", shape: [outer, chunks, inner] }] };
}

function define(name: "argmax" | "argmin"): Op<ArgmaxAttributes> {
  const smallest = name === "argmin";
  const variant = (shared: boolean): Variant<ArgmaxAttributes> => ({
    name: shared ? "workgroup" : "serial",
    allowed: (call) => !shared || (viewOf(call).inner === 1 && viewOf(call).n > 1),
    preference: (call, device) => (!shared ? 0 : !device.software && viewOf(call).n >= 32 ? 1 : -1),
    plan: (call, device) => plan(name, smallest, call, shared, device),
  });
  return {
    name,
    shape(inputs, { axis, keepDimensions }) {
      check(inputs.length === 1, "argument", () => `${name}: takes 1 tensor (x), not ${inputs.length}`);
      const x = movable(name, "x", inputs[0]);
      const at = axisOf(name, axis, x);
      check(x.shape[at] > 0, "shape", () => `${name}: x is ${formatType(x)}: along axis ${at} there is nothing to choose from`);
      check(x.shape[at] < 2 ** 31, "limit", () => `${name}: x is ${formatType(x)}: an index along axis ${at} does not fit an i32`);
      return [{ dtype: "i32", shape: x.shape.flatMap((size, i) => (i !== at ? [size] : keepDimensions ? [1] : [])) }];
    },
    reference(call, [x], [y]) {
      const { outer, n, inner } = viewOf(call);
      for (let o = 0; o < outer; o++)
        for (let i = 0; i < inner; i++) {
          const at = (r: number) => x[(o * n + r) * inner + i];
          let best = 0;
          for (let r = 1; r < n; r++) if (comesBefore(at(r), at(best), smallest)) best = r;
          y[o * inner + i] = best;
        }
    },
    gradient: () => [undefined],
    below: (call) => viewOf(call).n,
    kernels: [variant(false), variant(true)],
    cost: ({ inputs: [x], outputs: [y] }) => ({ flops: sizeOf(x.shape), bytes: byteLength(x) + byteLength(y) }),
    error: () => [0],
  };
}

/** The index of the largest element along an axis. */
export const argmaxOp: Op<ArgmaxAttributes> = /* @__PURE__ */ define("argmax");
/** The index of the smallest element along an axis. */
export const argminOp: Op<ArgmaxAttributes> = /* @__PURE__ */ define("argmin");

export interface ArgmaxOptions {
  /** Negative ones count from the end. Default −1, the last: the classes. (NumPy and PyTorch: all elements as one row; ONNX: 0.) */
  readonly axis?: number;
  /** Keep the axis with size 1. Default false. */
  readonly keepDimensions?: boolean;
}

/** The result's shape: that of x without one axis, or with it where that is kept. */
type Chosen<S extends Shape, O extends ArgmaxOptions | undefined> = Reduced<
  S,
  O extends { readonly keepDimensions: true } ? { readonly keepDimensions: true } : { readonly axes: readonly [number] }
>;

function choose(op: Op<ArgmaxAttributes>, x: Tensor, options: ArgmaxOptions = {}): Tensor {
  checkTensor(op.name, "x", x);
  checkOptions(op.name, options, ["axis", "keepDimensions"]);
  const { axis = -1, keepDimensions = false } = options;
  checkFlag(op.name, "keepDimensions", keepDimensions);
  return applyOne(op, [x], { axis: axisOf(op.name, axis, movable(op.name, "x", x)), keepDimensions });
}

/**
 * The index along `axis` of the largest element, as i32: the first where several are equal. NaN counts as larger than every number, so that
 * the first NaN is chosen, as in NumPy, JAX and PyTorch. x is f32, i32 or u32. There is no gradient.
 * @throws UnrollError `argument` for an axis that x does not have, `shape` where it is empty.
 */
export function argmax<S extends Shape, const O extends ArgmaxOptions | undefined = undefined>(
  x: Tensor<"f32" | "i32" | "u32", S>,
  options?: O,
): Tensor<"i32", Chosen<S, O>> {
  return choose(argmaxOp, x, options) as Tensor<"i32"> as Tensor<"i32", Chosen<S, O>>;
}

/** As {@link argmax}, of the smallest element: the first where several are equal, the first NaN where there is one. */
export function argmin<S extends Shape, const O extends ArgmaxOptions | undefined = undefined>(
  x: Tensor<"f32" | "i32" | "u32", S>,
  options?: O,
): Tensor<"i32", Chosen<S, O>> {
  return choose(argminOp, x, options) as Tensor<"i32"> as Tensor<"i32", Chosen<S, O>>;
}
