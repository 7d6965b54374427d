import { describe, expect, test } from "vitest";
import type { DeviceTraits } from "../../src/graph/op.ts";
import { applyOne } from "../../src/graph/tensor.ts";
import { constant, type F32, gradient, input, maxPool2d, mul, relu, sgd, sum, type Update, variable } from "../../src/index.ts";
import { reluGradient } from "../../src/ops/pointwise/activation-gradients.ts";
import { maxUnpoolOp } from "../../src/ops/pool/unpool.ts";
import { evaluate } from "../../src/program/evaluate.ts";
import { makePlan } from "../../src/program/plan/plan.ts";
import { normalize } from "../../src/program/spec.ts";
import { softwareTraits } from "../support/traits.ts";

const traits: DeviceTraits = { ...softwareTraits, subgroups: undefined };

const window = {
  size: [2, 2],
  stride: [2, 2],
  dilation: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
} as const;

/** The nodes that train x · w → relu → max pooling → Σ y². */
function nodesOf(shape: readonly [number, number, number, number]) {
  const x = input(shape);
  const w = variable("w", [shape[3]], () => new Float32Array(shape[3]).fill(1));
  const y = maxPool2d(relu(mul(x, w)), { size: 2 });
  const loss = sum(mul(y, y));
  const updates: Update = { kind: "optimize", optimizer: sgd({ learningRate: 0.1 }).optimizer, gradients: gradient(loss, [w]) };
  const spec = normalize({ inputs: { x }, outputs: { loss }, updates });
  return makePlan(spec, traits).nodes.map(({ node }) => node);
}

describe("the gradient of relu within max unpooling", () => {
  test("takes no kernel of its own", () => {
    const nodes = nodesOf([2, 4, 6, 4]);
    expect(nodes.map(({ op }) => op.name)).not.toContain("reluGradient");
    expect(nodes.find(({ op }) => op.name === "maxUnpool2d")?.inputs).toHaveLength(3);
  });

  test("gives what both give one after the other, and its own gradient too", () => {
    const values = constant([1, -2, 3, 4], [1, 2, 2, 1]);
    const winners = constant([0, 3, 1, 2], [1, 2, 2, 1], "u32");
    const gate = constant([1, 0, -1, 2], [1, 2, 2, 1]);
    const attributes = { window, plane: [4, 4] as const };
    const apart = applyOne(maxUnpoolOp, [reluGradient(values, gate), winners], attributes) as F32;
    const together = applyOne(maxUnpoolOp, [values, winners, gate], attributes) as F32;
    const [expected, got] = evaluate([apart, together], new Map());
    expect([...got]).toEqual([...expected]);
    expect([...got].filter((value) => value !== 0)).toEqual([1, 4]);
    const weights = constant(
      Array.from({ length: 16 }, (_, i) => i),
      [1, 4, 4, 1],
    ) as F32;
    const loss = (y: F32) => gradient(sum(mul(y, weights)) as F32<readonly []>, [values as F32]);
    const [one, two] = evaluate([loss(apart).tensors[0], loss(together).tensors[0]], new Map());
    expect([...two]).toEqual([...one]);
    expect([...two]).toEqual([0, 0, 0, 14]);
  });

  test("what gates must have the values' shape", () => {
    const images = (w: number) => constant(0, [1, 2, w, 1]);
    const winners = constant(0, [1, 2, 2, 1], "u32");
    expect(() => applyOne(maxUnpoolOp, [images(2), winners, images(3)], { window, plane: [4, 4] })).toThrow(
      /what gates it f32\[1, 2, 3, 1\]/,
    );
  });
});
