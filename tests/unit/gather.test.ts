import { describe, expect, test } from "vitest";
import { UnrollError } from "../../src/errors.ts";
import type { DeviceTraits } from "../../src/graph/op.ts";
import { constant, input, type Tensor, variable } from "../../src/graph/tensor.ts";
import { gather, gatherOp } from "../../src/ops/gather/gather.ts";
import { gatherGradient, gatherGradientOp } from "../../src/ops/gather/gather-gradient.ts";
import { add } from "../../src/ops/pointwise/arithmetic.ts";
import { evaluate } from "../../src/program/evaluate.ts";

const valuesOf = (tensor: Tensor): number[] => Array.from(evaluate([tensor], new Map())[0]);
const table = constant([0, 1, 10, 11, 20, 21], [3, 2]);

describe("gather", () => {
  test("takes rows, counts negative indices from the end; the rest is NaN, or 0 for integers", () => {
    expect(valuesOf(gather(table, constant([2, 0], [2], "u32")))).toEqual([20, 21, 0, 1]);
    expect(valuesOf(gather(table, constant([-1, -3], [2], "i32")))).toEqual([20, 21, 0, 1]);
    expect(valuesOf(gather(table, constant([-4, 3, 99], [3], "i32")))).toEqual(new Array(6).fill(Number.NaN));
    expect(valuesOf(gather(table, constant([3, 2], [2], "u32")))).toEqual([Number.NaN, Number.NaN, 20, 21]);
    expect(valuesOf(gather(constant([7, 8], [2], "i32"), constant([2, 1], [2], "u32")))).toEqual([0, 8]);
  });

  test("shapes: the axis is replaced by the shape of the indices", () => {
    expect(gather(input([5, 6, 7]), input([2, 3], "u32"), { axis: 1 }).shape).toEqual([5, 2, 3, 7]);
    expect(gather(input([5, 6, 7]), input([], "i32"), { axis: -1 }).shape).toEqual([5, 6]);
    expect(gather(input([5, 6], "u32"), input([0], "u32"))).toMatchObject({ dtype: "u32", shape: [0, 6] });
  });

  test("takes over a bias along the last axis, and nothing else", () => {
    const rows = gather(variable("table", [5, 4]), input([3], "u32"));
    const nodeOf = (tensor: Tensor) => (tensor.source.kind === "node" ? tensor.source.node : undefined) as never;
    const fused = (sum: Tensor) => gatherOp.absorb?.(nodeOf(rows), nodeOf(sum));
    const bias = variable("bias", [4]);
    expect(fused(add(rows, bias))?.inputs).toHaveLength(3);
    expect(fused(add(bias, rows))?.inputs[2]).toBe(bias);
    expect(fused(add(rows, rows))).toBeUndefined();
    expect(fused(add(rows, variable("full", [3, 4])))).toBeUndefined();
    expect(fused(add(rows, variable("scalar", [])))).toBeUndefined();
  });
});

describe("gatherGradient", () => {
  test("sums what has the same index; other rows are 0", () => {
    const g = constant([1, 2, 4, 8, 16, 32], [3, 2]);
    const y = gatherGradient(g, constant([2, 0, -2], [3], "i32"), { axis: 0, rows: 4 });
    expect(valuesOf(y)).toEqual([4, 8, 0, 0, 17, 34, 0, 0]);
  });

  test("many rows are sorted, few are scanned", () => {
    const chosen = (positions: number, rows: number, inner: number): string => {
      const call = {
        inputs: [
          { dtype: "f32" as const, shape: [positions, inner] },
          { dtype: "u32" as const, shape: [positions] },
        ],
        outputs: [{ dtype: "f32" as const, shape: [rows, inner] }],
        attributes: { axis: 0, rows },
      };
      const device = {} as DeviceTraits;
      const allowed = gatherGradientOp.kernels.filter((variant) => variant.allowed(call, device));
      const value = (v: (typeof allowed)[number]) => v.preference?.(call, device) ?? 0;
      return allowed.reduce((best, v) => (value(v) > value(best) ? v : best)).name;
    };
    expect(chosen(2048, 64, 128)).toBe("scan vec4");
    expect(chosen(2048, 64, 3)).toBe("scan");
    expect(chosen(8192, 50257, 256)).toBe("sort vec4");
    expect(chosen(8192, 50257, 7)).toBe("sort");
  });
});

const wrong: [string, () => unknown, string, string][] = [
  ["float indices", () => gather(table, input([3]) as never), "dtype", "gather: indices is f32[3]; expected i32 or u32"],
  ["no indices", () => gather(table, [1, 2] as never), "argument", "gather: indices must be a tensor"],
  ["no table", () => gather(undefined as never, input([1], "u32")), "argument", "gather: table must be a tensor, not undefined"],
  ["f16 table", () => gather(input([3], "f16"), input([1], "u32")), "dtype", "table is f16[3]"],
  ["axis", () => gather(table, input([1], "u32"), { axis: 2 }), "argument", "gather: axis 2 is not one of f32[3, 2]"],
  ["empty table", () => gather(input([0, 2]), input([1], "u32")), "shape", "axis 0 has nothing that an index could mean"],
  [
    "gradient shape",
    () => gatherGradient(input([4, 2]), input([3], "u32"), { axis: 0, rows: 5 }),
    "shape",
    "gatherGradient: gradient is f32[4, 2]: it does not have the shape of indices, u32[3], from axis 0 on",
  ],
  ["gradient rows", () => gatherGradient(input([3, 2]), input([3], "u32"), { axis: 0, rows: 0 }), "argument", "rows must be"],
];

describe("misuse", () => {
  test.each(wrong)("%s", (_, call, code, message) => {
    let error: unknown;
    try {
      call();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(UnrollError);
    expect(error).toMatchObject({ code });
    expect((error as UnrollError).message).toContain(message);
  });
});
