import { expect, test } from "vitest";
import { fits, nearest, unfit } from "../../src/patterns.ts";
import { namesToVerify } from "../../src/verify/whole.ts";

test("a pattern is a part of a name as it stands, whatever its case; a star stands for anything", () => {
  expect(fits("conv", "kernels: Conv 3×3, 64→64 (2), unroll")).toBe(true);
  expect(fits("64 (2)", "kernels: conv 3×3, 64 (2), unroll")).toBe(true);
  expect(fits("c*v 3.3", "kernels: conv 3×3")).toBe(false);
  expect(fits("c*v 3×", "kernels: conv 3×3")).toBe(true);
  expect(fits("[a|b]", "a")).toBe(false);
  expect(fits("", "anything")).toBe(true);
});

test("names near a pattern: what holds its words, and what differs by some letters", () => {
  const names = namesToVerify();
  expect(nearest("rnnWalkk", names)).toEqual(["rnnWalk"]);
  expect(nearest("matmull", names)[0]).toBe("matmul");
  expect(nearest("rnnWalkGradeint", names)).toContain("rnnWalkGradient");
  expect(nearest("images", names)).toContain("image reader");
  expect(nearest("clipNorm", names).length).toBeLessThanOrEqual(5);
  expect(nearest("qqqqqqqqqq", names)).toEqual([]);
});

test("patterns that fit nothing are told, each; the others are not", () => {
  const names = ["adam", "adamw", "sgd"];
  expect(unfit("nothing", ["ad*m", "sgd"], names)).toBeUndefined();
  expect(unfit("nothing", [], names)).toBeUndefined();
  expect(unfit("nothing", ["adan", "sgd", "zzz"], names)).toBe(
    'nothing has a name that matches "adan"; near it: adam, adamw\nnothing has a name that matches "zzz"',
  );
});

test("a star chooses among what is proven", () => {
  const names = namesToVerify();
  expect(names.length).toBeGreaterThan(85);
  expect(names.filter((name) => fits("trans*ose", name))).toEqual(["transpose"]);
});
