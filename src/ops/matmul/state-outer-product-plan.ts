import type { Dispatch, Lowering } from "../../graph/op.ts";
import { cutSum, type MatmulKernel, partsOf, productDispatch } from "./lower.ts";
import type { Problem } from "./problem.ts";
import { sumSplits } from "./splits.ts";

/** Steps of time, rows of a batch, units of the state and columns of delta. */
export interface StateSizes {
  readonly t: number;
  readonly b: number;
  readonly h: number;
  readonly g: number;
}

/**
 * The sequence and what follows it in delta are one product aᵀ·b of matrix rows. With h0 there is a second, of h0 and the first step
 * of delta; then, as where the sum over rows is split, the parts lie in one list and an ordered pass adds them.
 */
export function lowerStateOuterProduct({ t, b, h, g }: StateSizes, withInitial: boolean, kernel: MatmulKernel): Lowering {
  if (h * g === 0) return { dispatches: [] };
  const rows = (k: number): Problem => ({ m: h, n: g, k, transposeA: true, transposeB: false, batch: [] });
  const [first, rest] = [rows(b), rows((t - 1) * b)];
  const initial = withInitial ? 1 : 0;
  const { splits, kSplit } = cutSum(rest.k, partsOf(kernel, rest, 1));
  const later = initial > 0 && rest.k === 0 ? 0 : splits;
  const parts = initial + later;
  const c = parts > 1 ? { temporary: 0 } : { output: 0 };
  const common = { shape: kernel, epilogue: { bias: false } };
  const dispatches: Dispatch[] = [];
  if (initial > 0) {
    const operands = { a: { input: 2 }, b: { input: 1 }, c };
    dispatches.push(
      productDispatch({ ...common, problem: first, splits: 1, kSplit: Math.max(b, 1), operands, start: { a: 0, b: 0, c: 0 } }),
    );
  }
  if (later > 0) {
    const operands = { a: { input: 0 }, b: { input: 1 }, c };
    const start = { a: 0, b: b * g, c: initial * h * g };
    dispatches.push(productDispatch({ ...common, problem: rest, splits, kSplit, operands, start }));
  }
  if (parts === 1) return { dispatches };
  return { dispatches: [...dispatches, sumSplits(h * g, parts, g)], temporaries: [{ dtype: "f32", shape: [parts, h, g] }] };
}
