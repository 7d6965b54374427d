import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { FaultResult } from "./pages/verify.ts";

/** Faults of the kind that people write: each replaces some text of a kernel. */
const FAULTS: readonly { readonly fault: string; readonly op: string; readonly right: string; readonly wrong: string }[] = [
  {
    fault: "the last term of each sum is dropped",
    op: "matmul",
    right: "min(tile.k_begin + params.k_split, params.k)",
    wrong: "min(tile.k_begin + params.k_split, max(params.k, 1u) - 1u)",
  },
  {
    fault: "the last term of each sum is dropped",
    op: "sum",
    right: "min(first + params.chunk, params.reduce)",
    wrong: "min(first + params.chunk, max(params.reduce, 1u) - 1u)",
  },
  {
    fault: "tanh is off by 1e-5",
    op: "tanh",
    right: "select(far, near, a < 0.625)",
    wrong: "(1.0 + 1e-5) * select(far, near, a < 0.625)",
  },
  {
    fault: "tanh is off by 1e-5 in an epilogue",
    op: "matmul",
    right: "select(far, near, a < 0.625)",
    wrong: "(1.0 + 1e-5) * select(far, near, a < 0.625)",
  },
  {
    fault: "tanh is off by 1e-5 within the walk",
    op: "rnnWalk",
    right: "select(far, near, a < 0.625)",
    wrong: "(1.0 + 1e-5) * select(far, near, a < 0.625)",
  },
  {
    fault: "the state is stale by one step",
    op: "rnnWalk",
    right: "let before = max(t, 1u) - 1u;",
    wrong: "let before = max(t, 2u) - 2u;",
  },
  {
    fault: "a stale tile: the workgroup reads what its neighbour put there",
    op: "transpose",
    right: "tile[local.x * 17u + local.y]",
    wrong: "tile[(local.x ^ 1u) * 17u + local.y]",
  },
  { fault: "a swapped stride", op: "matmul", right: "row * params.n + column", wrong: "row * params.m + column" },
  { fault: "a missing bounds check", op: "matmul", right: "if (row < params.m) {", wrong: "if (true) {" },
];

describe("the proof catches planted faults", () => {
  for (const { fault, op, right, wrong } of FAULTS)
    test(`${op}: ${fault}`, async () => {
      const { planted, caught, problem } = await inPage<FaultResult>("tests/gpu/pages/verify.ts", "verifyWithFault", op, right, wrong);
      expect(planted, "no kernel holds this text any more: plant the fault anew").toBeGreaterThan(0);
      console.log(`${op}: ${fault}: ${problem}`);
      expect(caught).toBe(true);
    });
});
