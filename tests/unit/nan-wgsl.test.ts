import { describe, expect, test } from "vitest";
import { adamShader } from "../../shaders/adam.wgsl.ts";
import { gradientFinish } from "../../shaders/gradient_finish.wgsl.ts";
import { gradientNorm } from "../../shaders/gradient_norm.wgsl.ts";
import { rmspropShader } from "../../shaders/rmsprop.wgsl.ts";
import { sgdShader } from "../../shaders/sgd.wgsl.ts";
import { nanDropped } from "../support/nan-rules.ts";
import { nanWgslTests } from "./sweeps/nan-wgsl.ts";

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

describe("kernels that no op plans", () => {
  test.each([
    ["sgd", sgdShader({ momentum: true, dampening: false, nesterov: false } as never)],
    ["adam", adamShader({ decoupled: true })],
    ["rmsprop", rmspropShader({ centered: true, momentum: true } as never)],
    ["gradient norm", gradientNorm({ joined: true })],
    ["gradient finish", gradientFinish({ joined: false })],
  ])("%s", (_, wgsl) => {
    expect(nanDropped(wgsl)).toEqual([]);
  });
});

nanWgslTests("part");
