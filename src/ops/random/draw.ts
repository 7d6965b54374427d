import { randomShader } from "../../../shaders/random.wgsl.ts";
import { check, checkOptions } from "../../errors.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, Op, Variant } from "../../graph/op.ts";
import { applyOne, type F32, runCounter } from "../../graph/tensor.ts";
import { byteLength, type Rank, type Shape, sizeOf } from "../../graph/types.ts";
import { normalFromWord, uniformFromWord } from "../../random.ts";
import { foldGrid } from "../grid.ts";
import { checkStream, DRAW_FLOPS, forEachWord, type StreamAttributes, type StreamOptions } from "./stream.ts";

export interface DrawAttributes extends StreamAttributes {
  readonly shape: Shape;
}

const variant = (normal: boolean, vec4: boolean): Variant<DrawAttributes> => ({
  name: vec4 ? "vec4" : "scalar",
  allowed: (call) => !vec4 || sizeOf(call.outputs[0].shape) % 4 === 0,
  preference: () => (vec4 ? 1 : 0),
  plan({ outputs, attributes: { seed, stream } }) {
    const count = sizeOf(outputs[0].shape);
    return {
      dispatches: [
        {
          kernel: kernel({
            name: `random ${normal ? "normal" : "uniform"}${vec4 ? ", vec4" : ""}`,
            wgsl: randomShader({ normal, vec4 }),
            bindings: { run: read("u32"), y: write("f32") },
            params: { count: "u32", seed: "u32", stream: "u32" },
          }),
          bindings: { run: { input: 0 }, y: { output: 0 } },
          params: { count, seed, stream },
          workgroups: foldGrid(Math.ceil(count / 256)),
        },
      ],
    };
  },
});

/** What the two distributions share. */
const drawing = (
  name: string,
  normal: boolean,
  fromWord: (word: number) => number,
  error: (outputs: Float64Array) => number | Float64Array,
): Op<DrawAttributes> => ({
  name,
  random: true,
  shape([counter], attributes) {
    checkStream(name, attributes, counter);
    const { shape } = attributes;
    check(
      Array.isArray(shape) && shape.every((n) => Number.isInteger(n) && n >= 0),
      "shape",
      () => `${name}: the shape is ${Array.isArray(shape) ? `[${shape}]` : String(shape)}; expected whole numbers of at least 0`,
    );
    return [{ dtype: "f32", shape: [...shape] }];
  },
  reference({ attributes }, [[run]], [y]) {
    forEachWord(attributes, run, y.length, (i, word) => {
      y[i] = fromWord(word);
    });
  },
  gradient: () => [undefined],
  kernels: [variant(normal, true), variant(normal, false)],
  cost: ({ outputs: [y] }: Call) => ({ flops: DRAW_FLOPS * sizeOf(y.shape), bytes: byteLength(y) }),
  error: (_call, _inputs, [y]) => [error(y)],
});

export const randomUniformOp: Op<DrawAttributes> = /* @__PURE__ */ drawing("randomUniform", false, uniformFromWord, () => 0);

/**
 * With u = 2⁻²⁴: in the middle, z = q · A(s) / B(s) with s = 0.180625 - q² has about 17 u: 6 from the rounding of s where it is
 * small, 5 from the division, the rest from sums of positive terms. In the tail, z = C(r) / D(r) with r = √(-log p) - 1.6 has about
 * 31 u near z = 1.44: WGSL allows the logarithm 6 u, the root 9 u and the division 5 u.
 */
export const randomNormalOp: Op<DrawAttributes> = /* @__PURE__ */ drawing("randomNormal", true, normalFromWord, (y) =>
  y.map((z) => 2 ** -24 * (Math.abs(z) < 1.4395 ? 17 : 32) * Math.abs(z) + 1e-37),
);

/**
 * Uniform numbers in [0, 1), multiples of 2⁻²⁴, drawn anew in each run of a program: the same bits on every GPU and the reference.
 * Philox4x32-10 with key (seed, stream), counter (element, run).
 * @throws UnrollError `argument` when the seed or stream is no u32.
 */
export function randomUniform<const S extends Shape>(shape: S, options: StreamOptions): F32<Rank<S>> {
  checkOptions("randomUniform", options, ["seed", "stream"]);
  const { seed, stream = 0 } = options;
  return applyOne(randomUniformOp, [runCounter()], { shape, seed, stream });
}

/**
 * Standard normal numbers, drawn anew in each run of a program, from the same bits on every GPU and the reference, by the inverse
 * of the distribution function (no sine or cosine); magnitudes up to 5.42.
 * @throws UnrollError `argument` when the seed or stream is no u32.
 */
export function randomNormal<const S extends Shape>(shape: S, options: StreamOptions): F32<Rank<S>> {
  checkOptions("randomNormal", options, ["seed", "stream"]);
  const { seed, stream = 0 } = options;
  return applyOne(randomNormalOp, [runCounter()], { shape, seed, stream });
}
