import { dropoutShader } from "../../../shaders/dropout.wgsl.ts";
import { check, checkOptions } from "../../errors.ts";
import { kernel, read, readWrite, write } from "../../graph/kernel.ts";
import type { Op, Variant } from "../../graph/op.ts";
import { applyOne, type F32, runCounter } from "../../graph/tensor.ts";
import { byteLength, formatType, type Shape, sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { checkStream, DRAW_FLOPS, forEachWord, type StreamAttributes, type StreamOptions } from "./stream.ts";

export interface DropoutAttributes extends StreamAttributes {
  readonly rate: number;
}

/** A word below this drops its element. */
const thresholdOf = (rate: number): number => Math.floor(rate * 2 ** 32);

const PARAMS = { count: "u32", seed: "u32", stream: "u32", threshold: "u32", scale: "f32" } as const;

const variant = (vec4: boolean): Variant<DropoutAttributes> => ({
  name: vec4 ? "vec4" : "scalar",
  allowed: (call) => !vec4 || sizeOf(call.outputs[0].shape) % 4 === 0,
  preference: () => (vec4 ? 1 : 0),
  inPlace: () => [0],
  plan({ outputs, attributes: { rate, seed, stream } }, _device, inPlace) {
    const count = sizeOf(outputs[0].shape);
    const params = { count, seed, stream, threshold: thresholdOf(rate), scale: 1 / (1 - rate) };
    const workgroups = foldGrid(Math.ceil(count / 256));
    const name = `dropout${vec4 ? ", vec4" : ""}`;
    const inPlaceKernel = inPlace === 0;
    const wgsl = dropoutShader({ vec4, inPlace: inPlaceKernel });
    if (inPlaceKernel) {
      const k = kernel({ name: `${name}, in place`, wgsl, bindings: { run: read("u32"), y: readWrite("f32") }, params: PARAMS });
      return { dispatches: [{ kernel: k, bindings: { run: { input: 1 }, y: { output: 0 } }, params, workgroups }] };
    }
    const k = kernel({ name, wgsl, bindings: { x: read("f32"), run: read("u32"), y: write("f32") }, params: PARAMS });
    return { dispatches: [{ kernel: k, bindings: { x: { input: 0 }, run: { input: 1 }, y: { output: 0 } }, params, workgroups }] };
  },
});

export const dropoutOp: Op<DropoutAttributes> = {
  name: "dropout",
  random: true,
  shape([x, counter], attributes) {
    const { rate } = attributes;
    check(x && Array.isArray(x.shape), "argument", () => `dropout: x must be a tensor, not ${String(x)}`);
    check(x.dtype === "f32", "dtype", () => `dropout: x is ${formatType(x)}; expected f32`);
    check(typeof rate === "number" && rate >= 0 && rate < 1, "argument", () => `dropout: rate must be in [0, 1), not ${String(rate)}`);
    checkStream("dropout", attributes, counter);
    return [x];
  },
  reference({ attributes }, [x, [run]], [y]) {
    const { rate } = attributes;
    forEachWord(attributes, run, x.length, (i, word) => {
      y[i] = word >= thresholdOf(rate) ? x[i] / (1 - rate) : 0;
    });
  },
  // The counter is the same within a run, so the same mask is drawn again.
  gradient: ({ inputs: [, counter], attributes, gradients: [gradient] }) => [
    gradient && applyOne(dropoutOp, [gradient, counter], attributes),
    undefined,
  ],
  kernels: [variant(true), variant(false)],
  cost: ({ outputs: [y] }) => ({ flops: DRAW_FLOPS * sizeOf(y.shape), bytes: 2 * byteLength(y) }),
  // The scale and the product are rounded once each.
  error: (_call, _inputs, [y]) => [y.map((value) => 2 * 2 ** -24 * Math.abs(value) + 1e-37)],
};

export interface DropoutOptions extends StreamOptions {
  /** The share of elements that become 0, in [0, 1). */
  rate: number;
}

/**
 * x · mask / (1 - rate), with a mask that is 0 with probability `rate` and drawn anew in each run (inverted dropout: Srivastava,
 * Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout", JMLR 2014). The mask has the same bits on GPU and reference, and is
 * drawn again rather than stored for the gradient. For training only: leave it out of the graph that predicts.
 * @throws UnrollError `argument` when the rate is not in [0, 1), or the seed or stream is no u32.
 */
export function dropout<S extends Shape>(x: F32<S>, options: DropoutOptions): F32<S> {
  checkOptions("dropout", options, ["rate", "seed", "stream"]);
  const { rate, seed, stream = 0 } = options;
  return applyOne(dropoutOp, [x, runCounter()], { rate, seed, stream });
}
