import type { Case, CaseResult, Path, Tolerance } from "./case.ts";

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The bits of |x| as an integer, negated for negative x: neighbouring floats are neighbouring integers, and ±0 are both 0. */
function ordinal(x: number): number {
  float[0] = Math.abs(x);
  return x < 0 ? -bits[0] : bits[0];
}

/** The error as a multiple of what is tolerated: at most 1 is right. */
export function excess(actual: number, expected: number, tolerance: Tolerance): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return Number.POSITIVE_INFINITY;
  const [error, allowed] =
    tolerance.metric === "ULP"
      ? [Math.abs(ordinal(actual) - ordinal(expected)), tolerance.value]
      : [Math.abs(actual - expected), tolerance.absolute + tolerance.relative * Math.abs(expected)];
  return error === 0 ? 0 : error / allowed;
}

export interface Verdict {
  /** The largest error of the case as a multiple of what is tolerated. */
  readonly worst: number;
  /** What is wrong, in words; undefined where all is right. */
  readonly fault?: string;
}

/** Compares each expected tensor, shapes included. */
export function judge(c: Case, result: CaseResult, path: Path): Verdict {
  if ("error" in result) return { worst: Number.POSITIVE_INFINITY, fault: result.error };
  let worst = 0;
  let fault: string | undefined;
  for (const [name, expected] of Object.entries(c.expected)) {
    const actual = result.outputs[name];
    if (!actual) return { worst: Number.POSITIVE_INFINITY, fault: `${name}: not computed` };
    if (String(actual.shape) !== String(expected.shape) || actual.data.length !== expected.data.length)
      return {
        worst: Number.POSITIVE_INFINITY,
        fault: `${name}: shape [${actual.shape}] (${actual.data.length} values), expected [${expected.shape}]`,
      };
    const tolerance = c.tolerance[path][name];
    for (let i = 0; i < expected.data.length; i++) {
      const x = excess(actual.data[i], expected.data[i], tolerance);
      if (x > 1 && x > worst)
        fault = `${name}[${i}] = ${actual.data[i]}, expected ${expected.data[i]}: ${x.toPrecision(3)} × the tolerance ${JSON.stringify(tolerance)}`;
      worst = Math.max(worst, x);
    }
  }
  return { worst, fault };
}
