import type { Call } from "../../graph/op.ts";
import { sumError, TINY, U } from "./common.ts";
import { type CrossEntropyAttributes, isCounted, rowsOf, targetOf, usesEveryClass } from "./cross-entropy-call.ts";

/**
 * Error of s = Σ exp(x − m), relative: WGSL allows exp 3 + 2 |x| units in the last place, and what is large in |x − m| weighs little;
 * the sum of C terms adds about √C roundings.
 */
const exponentialSumError = (classes: number): number => U * (6 + 2 * Math.sqrt(classes));
/** WGSL's logarithm: 3 units in the last place, absolute 2^-21 near 1. */
const logError = (value: number): number => U * (8 + 6 * Math.abs(value));

/** Bounds for the outputs of crossEntropyOp. */
export function crossEntropyError(
  call: Call<CrossEntropyAttributes>,
  inputs: readonly Float64Array[],
  outputs: readonly Float64Array[],
): readonly (number | Float64Array)[] {
  const { logits, reduction } = call.attributes;
  const { rows, classes } = rowsOf(call);
  const target = targetOf(call, inputs);
  const each = new Float64Array(rows);
  const statistics = new Float64Array(2 * rows);
  let magnitude = 0;
  let counts = 0;
  for (let row = 0; row < rows; row++) {
    const k = Math.abs(target.weight(row));
    let m = Number.NEGATIVE_INFINITY;
    let s = 0;
    let shares = 0;
    let terms = 0;
    for (let c = 0; c < classes; c++) m = Math.max(m, inputs[0][target.at(row, c)]);
    for (let c = 0; c < classes; c++) {
      const x = inputs[0][target.at(row, c)];
      const q = Math.abs(target.share(row, c));
      s += Math.exp(x - m);
      shares += q;
      if (q > 0) terms += q * Math.abs(logits ? m - x : x);
    }
    const logS = logits ? Math.log(s) : 0;
    const roundings = usesEveryClass(call) ? 6 + 2 * Math.sqrt(classes) : 5;
    const own = logits ? shares * (exponentialSumError(classes) + logError(logS)) : 0;
    each[row] = k * (own + roundings * U * (terms + shares * logS)) + TINY;
    magnitude += k * (terms + shares * logS);
    counts += Math.abs(target.count(row));
    statistics[2 * row] = TINY;
    statistics[2 * row + 1] = ((k * shares) / s) * (exponentialSumError(classes) + roundings * U) + TINY;
  }
  const bounds: (number | Float64Array)[] = [];
  if (reduction === "none") bounds.push(each);
  else {
    // Errors of rows are mostly independent; those of the logarithm are not, so they are added up.
    const sum = each.reduce((a, b) => a + b, 0) + magnitude * sumError(rows);
    const countError = counts * (2 * U + sumError(rows));
    const divisor = isCounted(call) ? Math.abs(outputs[outputs.length - 1][0]) : reduction === "mean" ? rows : 1;
    const own = isCounted(call) ? countError * Math.abs(outputs[0][0]) : 0;
    bounds.push(divisor === 0 ? TINY : (sum + own) / divisor + 3 * U * Math.abs(outputs[0][0]) + TINY);
    if (logits) bounds.push(statistics);
    if (isCounted(call)) bounds.push(countError + TINY);
    return bounds;
  }
  if (logits) bounds.push(statistics);
  return bounds;
}
