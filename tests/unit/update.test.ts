import { describe, expect, test } from "vitest";
import { type ErrorCode, UnrollError } from "../../src/errors.ts";
import { constant, input, variable } from "../../src/graph/tensor.ts";
import { Gradients, type Optimizer } from "../../src/graph/update.ts";
import { adam, adamw } from "../../src/ops/update/adam.ts";
import { clipNorm, clipNormInf, clipValue } from "../../src/ops/update/clip.ts";
import { clipGradients, clipScale, finishParams, globalNorm, normPartials } from "../../src/ops/update/norm.ts";
import { rmsprop } from "../../src/ops/update/rmsprop.ts";
import type { OptimizerRule } from "../../src/ops/update/rule.ts";
import { sgd } from "../../src/ops/update/sgd.ts";

const w = variable("w", [3]);
const gradients = new Gradients(input([]), [w], [constant([3, 4, 0], [3])]);

describe("clipping", () => {
  test("keeps what was differentiated and says how it is limited", () => {
    const clipped = clipNorm(gradients, 2);
    expect(clipped.clip).toEqual({ kind: "l2", max: 2 });
    expect(clipped.wrt[0]).toBe(w);
    expect(clipped.of(w)).toBe(gradients.of(w));
    expect(clipNormInf(gradients, 2).clip?.kind).toBe("inf");
    expect(clipValue(gradients, 2).clip?.kind).toBe("value");
  });

  test("the norm is over all gradients, and only a norm above the limit scales", () => {
    const values = [Float64Array.of(3), Float64Array.of(0, -4)];
    expect(globalNorm(values)).toBe(5);
    expect(globalNorm(values, "inf")).toBe(4);
    expect(clipScale(5, { kind: "l2", max: 5 })).toBe(1);
    expect(clipScale(5, { kind: "l2", max: 1 })).toBe(0.2);
    expect(clipScale(0, { kind: "l2", max: 1 })).toBe(1);
    expect(clipScale(5, { kind: "value", max: 1 })).toBe(1);
    expect(clipGradients(values, { kind: "l2", max: 2.5 }).clipped.map((g) => [...g])).toEqual([[1.5], [0, -2]]);
    expect(clipGradients(values, { kind: "value", max: 3.5 }).clipped[1][1]).toBe(-3.5);
    expect(globalNorm([Float64Array.of(1, Number.NaN)])).toBeNaN();
  });

  test("the kernels' sizes", () => {
    expect([1, 8192, 8193].map((size) => normPartials(size, true))).toEqual([1, 1, 2]);
    expect(finishParams({ partials: 3, clip: { kind: "value", max: 2 }, program: 1, lossSize: 1 }).clip).toBe(0);
  });
});

/** The first steps of a rule on one parameter. */
function walk(rule: OptimizerRule, parameter: number, steps: readonly number[]): number[] {
  const { optimizer } = rule;
  const p = Float64Array.of(parameter);
  const states = optimizer.states.map(() => new Float64Array(1));
  return steps.map((g, i) => {
    optimizer.reference(i + 1, optimizer.learningRate as number, p, Float64Array.of(g), states);
    return p[0];
  });
}

describe("rules", () => {
  test("sgd: plain, dampened momentum from the second step on, Nesterov, weight decay", () => {
    expect(walk(sgd({ learningRate: 0.5 }), 1, [1, 1])).toEqual([0.5, 0]);
    expect(walk(sgd({ learningRate: 1, momentum: 0.5, dampening: 0.5 }), 0, [1, 1])).toEqual([-1, -2]);
    expect(walk(sgd({ learningRate: 1, momentum: 0.5, nesterov: true }), 0, [1, 1])).toEqual([-1.5, -3.25]);
    expect(walk(sgd({ learningRate: 0.5, weightDecay: 1 }), 2, [0])).toEqual([1]);
  });

  test("adam: the first step is the learning rate, whatever the gradient's size", () => {
    for (const g of [1e-3, 1, -1e6]) expect(walk(adam({ learningRate: 0.1 }), 0, [g])[0]).toBeCloseTo(-0.1 * Math.sign(g), 5);
    expect(walk(adamw({ learningRate: 0.1, weightDecay: 0.5 }), 2, [0])[0]).toBeCloseTo(1.9, 12);
    expect(walk(adam({ learningRate: 0.1, weightDecay: 0.5 }), 2, [0])[0]).toBeCloseTo(1.9, 6);
  });

  test("rmsprop: the first step is the rate over √(1 − α); centred divides by the deviation", () => {
    expect(walk(rmsprop({ learningRate: 0.01 }), 0, [5])[0]).toBeCloseTo(-0.1, 8);
    expect(walk(rmsprop({ learningRate: 0.01, centered: true, alpha: 0.5 }), 0, [5])[0]).toBeCloseTo(-0.02, 8);
    expect(walk(rmsprop({ learningRate: 0.01, momentum: 0.5 }), 0, [5, 0])[1]).toBeCloseTo(-0.15, 8);
  });

  test("states are only what is used, bindings are in the order that the engine binds, and at most 8", () => {
    expect(sgd({ learningRate: 1 }).optimizer.states).toEqual([]);
    const rules = [
      sgd({ learningRate: 1 }),
      sgd({ learningRate: 1, momentum: 0.9, nesterov: true }),
      adam(),
      adamw(),
      rmsprop(),
      rmsprop({ centered: true, momentum: 0.5 }),
    ];
    for (const { optimizer } of rules) {
      const kernel = optimizer.kernel();
      const names = ["parameters", "gradients", ...optimizer.states, "blocks", "control", "rate"];
      expect(Object.keys(kernel.bindings)).toEqual(names);
      expect(names.length).toBeLessThanOrEqual(8);
      expect(Object.keys(kernel.params ?? {})).toEqual(["size", "clip_value", ...Object.keys(optimizer.hyper)]);
      for (const [i, name] of names.entries())
        expect(kernel.wgsl).toMatch(new RegExp(`@binding\\(${i}\\) var<storage, read(_write)?> ${name}:`));
      expect(kernel.wgsl).toContain(`@binding(${names.length}) var<uniform> params`);
    }
  });

  test("a rule applied to gradients is an update; the rate may be a scalar tensor", () => {
    const rate = input([]);
    const rule = sgd({ learningRate: rate });
    const update = rule(clipNorm(gradients, 1));
    expect(update).toMatchObject({ kind: "optimize", optimizer: rule.optimizer });
    expect((rule.optimizer as Optimizer).learningRate).toBe(rate);
  });
});

const wrong: readonly (readonly [string, () => unknown, ErrorCode, RegExp])[] = [
  ["clip at 0", () => clipNorm(gradients, 0), "argument", /clipNorm: the limit must be a number above 0/],
  ["clip at NaN", () => clipValue(gradients, Number.NaN), "argument", /clipValue: .*NaN/],
  ["clip at infinity", () => clipNormInf(gradients, Number.POSITIVE_INFINITY), "argument", /below 3.4e38/],
  ["clip twice", () => clipNorm(clipValue(gradients, 2), 1), "argument", /clipped already \(value, 2\)/],
  ["clip an array", () => clipNorm([w] as never, 1), "argument", /must be what gradient/],
  ["rate below 0", () => sgd({ learningRate: -1 }), "argument", /sgd: learningRate must be a number of at least 0.*-1/],
  ["no rate", () => sgd({} as never), "argument", /undefined/],
  ["rate of rank 1", () => adam({ learningRate: input([1]) as never }), "shape", /learningRate is f32\[1\]; a tensor must be f32\[\]/],
  ["nesterov without momentum", () => sgd({ learningRate: 1, nesterov: true }), "argument", /nesterov needs/],
  ["nesterov dampened", () => sgd({ learningRate: 1, nesterov: true, momentum: 0.9, dampening: 0.1 }), "argument", /nesterov needs/],
  ["momentum below 0", () => sgd({ learningRate: 1, momentum: -0.1 }), "argument", /momentum/],
  [
    "dampening above 1",
    () => sgd({ learningRate: 1, momentum: 0.5, dampening: 2 }),
    "argument",
    /dampening must be a number from 0 to 1, not 2/,
  ],
  ["beta of 1", () => adam({ beta1: 1 }), "argument", /beta1 must be a number of at least 0 and below 1, not 1/],
  ["beta2 of 1", () => adamw({ beta2: 1 }), "argument", /adamw: beta2/],
  ["epsilon as text", () => adam({ epsilon: "1" as never }), "argument", /epsilon/],
  ["alpha of 1", () => rmsprop({ alpha: 1 }), "argument", /rmsprop: alpha/],
  ["weight decay below 0", () => rmsprop({ weightDecay: -1 }), "argument", /weightDecay/],
  ["rule on a tensor", () => adam()(w as never), "argument", /adam\(…\): the argument must be what gradient/],
];

describe("misuse", () => {
  test.each(wrong)("%s", (_name, call, code, message) => {
    try {
      call();
    } catch (error) {
      expect(error).toBeInstanceOf(UnrollError);
      expect((error as UnrollError).code).toBe(code);
      expect((error as UnrollError).message).toMatch(message);
      return;
    }
    expect.unreachable("no error");
  });
});
