import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { FaultResult } from "./pages/verify.ts";
import { specialTests } from "./sweeps/special.ts";

const PAGE = "tests/gpu/pages/verify.ts";

specialTests({ upTo: 5e3, share: 0.005, seed: 1 });

/** The test for NaN is never true. */
const BLIND = { right: "0x7f800000i", wrong: "0x7fffffffi" };

const FAULTS: readonly { readonly fault: string; readonly op: string; readonly right: string; readonly wrong: string }[] = [
  {
    fault: "tanh of NaN is 1",
    op: "tanh",
    right: String.raw`select\(with_sign, bits, magnitude > 0x7f800000i\)`,
    wrong: "with_sign",
  },
  { fault: "sigmoid of NaN is 0", op: "sigmoid", ...BLIND },
  {
    fault: "clamp of NaN is the lower bound",
    op: "clamp",
    right: String.raw`return bitcast<f32>\(select\(bitcast<u32>\((min\(max\(a, params\.low\), params\.high\))\).*;`,
    wrong: "return $1;",
  },
  { fault: "relu is a maximum", op: "relu", right: String.raw`return bitcast<f32>\(.*;`, wrong: "return max(x, 0.0);" },
  { fault: "the maximum of two drops NaN", op: "maximum", ...BLIND },
  { fault: "the maximum of a row drops NaN", op: "max", ...BLIND },
  { fault: "max pooling passes NaN over", op: "maxPool2d", ...BLIND },
  {
    fault: "the first NaN of a window wins",
    op: "maxPool2d",
    right: String.raw`(\(\(bitcast<i32>\(v\) & i32\(0x7fffffffi\)\) > i32\(0x7f800000i\)\))`,
    wrong: "($1 && (bitcast<u32>(best) & 0x7fffffffu) <= 0x7f800000u)",
  },
  {
    fault: "the maximum of a softmax drops NaN",
    op: "softmax",
    right: String.raw`\(bitcast<I>\(distances\) & I\(0x7fffffffi\)\) > I\(0x7f800000i\)`,
    wrong: "(bitcast<I>(distances) & I(0x7fffffffi)) > I(0x7fffffffi)",
  },
  { fault: "0 · log 0 is NaN", op: "crossEntropy", right: String.raw`0x7fffffffu\)\) != 0u`, wrong: "0x7fffffffu)) != 0xffffffffu" },
];

describe("the proof catches planted faults with special values", () => {
  for (const { fault, op, right, wrong } of FAULTS)
    test(`${op}: ${fault}`, async () => {
      const { planted, caught, problem } = await inPage<FaultResult>(PAGE, "specialWithFault", op, right, wrong);
      expect(planted, "no kernel holds this text any more: plant the fault anew").toBeGreaterThan(0);
      console.log(`${op}: ${fault}: ${problem}`);
      expect(caught).toBe(true);
    });
});
