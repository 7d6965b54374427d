import { describe, expect, test } from "vitest";
import type { Kernel } from "../../src/graph/kernel.ts";
import type { Call, DeviceTraits, Op } from "../../src/graph/op.ts";
import { randomSource } from "../../src/random.ts";
import { allSamples } from "../../src/verify/all.ts";
import { nanDropped } from "../support/nan-rules.ts";
import { hardwareTraits, softwareTraits } from "../support/traits.ts";

/** Each with WGSL that it must find, and some that it must not. */
const PLANTED: readonly (readonly [what: string, wrong: string, right: string])[] = [
  ["max of floats", "y = max(x, 0.0);", "let i = max(k, 1u);"],
  ["min of floats", "let a = min(abs(x), 15.0);", "let stop = min(first + 64u, params.size);"],
  ["max of unknown floats", "m = max(m, x);", "m = max(m, x); // its NaN is in bits"],
  ["clamp of floats", "return clamp(x, params.low, params.high);", "return u32(clamp(index, 0, count - 1));"],
  ["the built-in tanh", "return tanh(x);", "return accurate_tanh(x);"],
  ["sign of floats", "return sign(v) * g;", "let n = sign(i32(k));"],
  ["a comparison with itself", "if (x != x) { return x; }", "if (x != y) { return x; }"],
  [
    "a choice by a float",
    "return select(0.0, a, b > 0.0);",
    "return select(0.0, a, b > 0.0 || (bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u);",
  ],
  ["a choice by two floats", "let y = select(a, b, a < b);", "let y = select(a, b, i < params.size);"],
];

describe("the rules find", () => {
  test.each(PLANTED)("%s", (_, wrong, right) => {
    const module = (line: string): string => `struct Params { size: u32, low: f32, high: f32 }
fn f(x: f32, a: f32, b: f32, v: f32, g: f32, y: f32, i: u32, k: u32, first: u32, index: i32, count: i32) -> f32 {
  ${line}
}`;
    expect(nanDropped(module(wrong))).toHaveLength(1);
    expect(nanDropped(module(right))).toEqual([]);
  });
});

/** Kernels of all variants that are allowed for any of the samples of any op, each source once. */
function planned(traits: readonly DeviceTraits[]): Map<string, Kernel> {
  const kernels = new Map<string, Kernel>();
  for (const { op, samples } of allSamples as readonly { op: Op; samples: (typeof allSamples)[number]["samples"] }[])
    for (const { inputs, attributes } of samples(randomSource(0, op.name))) {
      const types = inputs.map(({ shape, dtype = "f32" }) => ({ shape, dtype }));
      const call: Call = { inputs: types, outputs: op.shape(types, attributes as never), attributes };
      for (const device of traits)
        for (const variant of op.kernels.filter((it) => it.allowed(call, device)))
          for (const inPlace of [undefined, ...(variant.inPlace?.(call) ?? [])])
            for (const { kernel } of variant.plan(call, device, inPlace).dispatches) kernels.set(kernel.wgsl, kernel);
    }
  return kernels;
}

test("no kernel of any variant drops a NaN by what WGSL leaves open", () => {
  const kernels = planned([softwareTraits, hardwareTraits]);
  expect(kernels.size).toBeGreaterThan(500);
  const found = [...kernels].flatMap(([wgsl, { name }]) => nanDropped(wgsl).map((line) => `${name}: ${line}`));
  expect([...new Set(found)]).toEqual([]);
});
