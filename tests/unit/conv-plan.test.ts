import { describe, expect, test } from "vitest";
import {
  conv2d,
  type F32,
  gradient,
  input,
  maxPool2d,
  reluActivation,
  sgd,
  sum,
  type Tensor,
  type Update,
  variable,
} from "../../src/index.ts";
import type { Padding } from "../../src/ops/window.ts";
import { makePlan } from "../../src/program/plan/plan.ts";
import { normalize } from "../../src/program/spec.ts";
import { hardwareTraits, softwareTraits } from "../support/traits.ts";

const [software, hardware] = [softwareTraits, hardwareTraits];

interface Layer {
  readonly channels: number;
  readonly filters: number;
  readonly side?: number;
  readonly batch?: number;
  readonly size?: number;
  readonly groups?: number;
  readonly stride?: number;
  readonly padding?: Padding;
}

function convolution({ channels, filters, side = 14, batch = 2, size = 3, groups = 1, stride = 1, padding = "same" }: Layer) {
  const x = input([batch, side, side, channels]);
  const W = variable("W", [size, size, channels / groups, filters]);
  const b = variable("b", [filters]);
  return { x, W, b, y: conv2d(x, W, { bias: b, stride, padding, groups, activation: reluActivation }) };
}

const planOf = (inputs: Record<string, Tensor>, outputs: Record<string, Tensor>, traits = software, updates: readonly Update[] = []) =>
  makePlan(normalize({ inputs, outputs, updates }), traits).nodes.map(({ node, variant }) => `${node.op.name}: ${variant}`);

describe("convolution, ReLU and 2×2 max pooling", () => {
  const pooled = (layer: Layer, pool = {}, traits = software) => {
    const { x, y } = convolution(layer);
    return planOf({ x }, { y: maxPool2d(y, { size: 2, ...pool }) }, traits);
  };

  test("are one kernel", () => {
    expect(pooled({ channels: 1, filters: 8, size: 5 })).toEqual(["conv2dMaxPool2d: pooled direct"]);
    expect(pooled({ channels: 8, filters: 16, size: 5 })).toEqual(["conv2dMaxPool2d: pooled pairs 16×8"]);
    expect(pooled({ channels: 64, filters: 64, batch: 8, side: 56 })).toEqual(["conv2dMaxPool2d: pooled quads 16×32"]);
  });

  test("are one dispatch for each layer in a training step, and the gradient reads the winners", () => {
    const { x, W, b, y } = convolution({ channels: 8, filters: 16 });
    const loss = sum(maxPool2d(y, { size: 2 })) as F32<readonly []>;
    const updates = [sgd({ learningRate: 0.1 })(gradient(loss, [W, b]))];
    const nodes = planOf({ x }, { loss }, software, updates).map((line) => line.split(":")[0]);
    expect(nodes).toContain("conv2dMaxPool2d");
    expect(nodes).toContain("maxUnpool2d");
    expect(nodes).not.toContain("conv2d");
    expect(nodes).not.toContain("maxPool2d");
  });

  test("stay apart where the kernel cannot do both", () => {
    const apart = ["conv2d", "maxPool2d"];
    const ops = (lines: readonly string[]) => lines.map((line) => line.split(":")[0]);
    expect(ops(pooled({ channels: 8, filters: 6 }))).toEqual(apart);
    expect(ops(pooled({ channels: 8, filters: 8, groups: 4 }))).toEqual(apart);
    expect(ops(pooled({ channels: 8, filters: 8 }, { size: 3 }))).toEqual(apart);
    expect(ops(pooled({ channels: 8, filters: 8 }, { stride: 1 }))).toEqual(apart);
    expect(ops(pooled({ channels: 8, filters: 8 }, { padding: 1 }))).toEqual(apart);
    expect(ops(pooled({ channels: 8, filters: 8 }, { dilation: 2 }))).toEqual(apart);
  });

  test("stay apart where something else reads the convolution", () => {
    const x = input([2, 14, 14, 8]);
    const z = conv2d(x, variable("W", [3, 3, 8, 8]));
    const lines = planOf({ x }, { z, y: maxPool2d(z, { size: 2 }) });
    expect(lines.map((line) => line.split(":")[0])).toEqual(["conv2d", "maxPool2d"]);
  });

  test("are two kernels, one after the other, on a real GPU, whose variants are untuned", () => {
    expect(pooled({ channels: 64, filters: 64, batch: 8, side: 56 }, {}, hardware)).toEqual(["conv2dMaxPool2d: separate"]);
  });
});

describe("the variant of a convolution", () => {
  const variantOf = (layer: Layer, traits = software) => {
    const { x, y } = convolution(layer);
    return planOf({ x }, { y }, traits)[0].replace("conv2d: ", "");
  };

  test("by channels, taps and work", () => {
    expect(variantOf({ channels: 1, filters: 16, size: 5 })).toBe("direct");
    expect(variantOf({ channels: 3, filters: 32, side: 112, stride: 2 })).not.toBe("direct");
    expect(variantOf({ channels: 16, filters: 16, groups: 16 })).toMatch(/^depthwise/);
    expect(variantOf({ channels: 64, filters: 128, size: 1 })).toBe("1×1 as matmul");
    expect(variantOf({ channels: 64, filters: 64, side: 56 })).toBe("quads 16×32");
    expect(variantOf({ channels: 8, filters: 16 })).toBe("pairs 16×8");
    expect(variantOf({ channels: 8, filters: 16 }, { ...software, subgroups: undefined })).toBe("registers 8×8");
  });

  test("none that is made for software is taken on a real GPU, and none for real GPUs on software", () => {
    for (const channels of [1, 3, 4, 16, 64])
      for (const filters of [1, 3, 8, 64])
        for (const side of [7, 56]) {
          expect(variantOf({ channels, filters, side }, hardware)).not.toMatch(/quads|pairs|registers 8/);
          expect(variantOf({ channels, filters, side })).not.toMatch(/tiles/);
        }
  });
});
