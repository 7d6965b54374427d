import type { Check } from "../../src/bench/schema.ts";

export type Outputs = Readonly<Record<string, Float32Array>>;

/**
 * What an output may differ by, relative to its size: |theirs − ours| ≤ tolerance · (|ours| + rms of ours). f32 in another order of
 * summation stays well below it over the lengths that occur here; training steps feed their differences back.
 */
export const TOLERANCE = 1e-4;
export const TRAINING_TOLERANCE = 2e-3;

/** Whether a peer computed what this library did. */
export function compareOutputs(ours: Outputs, theirs: Outputs, tolerance: number): Check {
  let error = 0;
  let message: string | undefined;
  for (const [name, own] of Object.entries(ours)) {
    const other = theirs[name];
    if (other?.length !== own.length)
      return { ok: false, against: "unroll", message: `${name} has ${other?.length ?? "no"} values, not ${own.length}` };
    const size = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0) / own.length);
    for (let i = 0; i < own.length; i++) {
      const allowed = tolerance * (Math.abs(own[i]) + size) || Number.MIN_VALUE;
      const found = Math.abs(other[i] - own[i]) / allowed;
      if (found <= error) continue;
      error = Number.isNaN(found) ? Number.POSITIVE_INFINITY : found;
      if (error > 1) message = `${name}[${i}] is ${other[i]}, not ${own[i]}`;
      if (error === Number.POSITIVE_INFINITY) return { ok: false, against: "unroll", message };
    }
  }
  return { ok: error <= 1, against: "unroll", error, ...(message ? { message } : {}) };
}

/** A library in a row: how its outputs compare, and why it gets no time. */
export interface Compared {
  check: Check;
  missing?: string;
}

/** Where others gave an output and none agrees with ours, it is ours that is wrong. */
export function doubtOwn(own: Compared | undefined, others: readonly Compared[]): void {
  const compared = others.filter(({ check }) => check.against === "unroll");
  if (!own || own.missing || compared.length === 0 || compared.some(({ check }) => check.ok)) return;
  own.check = { ok: false, against: "none", message: `no other library agrees: ${compared[0].check.message}` };
  own.missing = "wrong: no other library agrees";
}

export const decodeOutputs = (encoded: Readonly<Record<string, string>>): Outputs =>
  Object.fromEntries(
    Object.entries(encoded).map(([name, text]) => {
      const bytes = Uint8Array.from(Buffer.from(text, "base64"));
      return [name, new Float32Array(bytes.buffer)];
    }),
  );
