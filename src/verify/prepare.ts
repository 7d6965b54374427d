import { fromHalf, toHalf } from "../graph/half.ts";
import type { Call, Op } from "../graph/op.ts";
import { hostArray, type RandomSource } from "../graph/tensor.ts";
import { type DType, formatType, type HostArray, sizeOf } from "../graph/types.ts";
import { randomSource } from "../random.ts";
import type { Sample } from "./sample.ts";

/** A call with its inputs, and what the reference says of it. */
export interface Prepared<A = unknown> {
  readonly op: Op<A>;
  readonly call: Call<A>;
  readonly inputs: readonly Float64Array[];
  readonly expected: Expected;
  readonly note?: string;
  /** Tells calls of one sample apart. */
  readonly id?: number;
}

/** The right answer, whole; or, where that is too much, at chosen elements of output 0. */
export type Expected =
  | { readonly kind: "whole"; readonly outputs: readonly Float64Array[]; readonly bounds: readonly (number | Float64Array)[] }
  | { readonly kind: "spots"; readonly spots: readonly Spot[] };

export interface Spot {
  readonly index: number;
  readonly value: number;
  readonly error: number;
}

/** Above this many multiply-adds an op that can is checked at some elements only. */
const WHOLE_UP_TO = 2e8;
const SPOTS = 1000;

/** Values of a sample's inputs, each rounded to its dtype, so that GPU and reference see the same. */
export function sampleInputs(sample: Sample, random: RandomSource): Float64Array[] {
  return sample.inputs.map(({ shape, dtype = "f32", value }) => {
    const values = new Float64Array(sizeOf(shape));
    for (let i = 0; i < values.length; i++) values[i] = value ? value(random, i) : random.normal();
    return roundTo(dtype, values);
  });
}

export function roundTo(dtype: DType, values: ArrayLike<number>): Float64Array {
  return fromHost(dtype, toHost(dtype, values));
}

export function toHost(dtype: DType, values: ArrayLike<number>): HostArray {
  const host = hostArray(dtype, values.length);
  if (dtype === "f16") for (let i = 0; i < values.length; i++) host[i] = toHalf(values[i]);
  else host.set(values);
  return host;
}

export function fromHost(dtype: DType, host: HostArray): Float64Array {
  return dtype === "f16" ? Float64Array.from(host, fromHalf) : Float64Array.from(host);
}

export function prepareSample<A>(op: Op<A>, sample: Sample<A>, seed: string): Prepared<A> {
  const types = sample.inputs.map(({ shape, dtype = "f32" }) => ({ shape, dtype }));
  const call: Call<A> = { inputs: types, outputs: op.shape(types, sample.attributes), attributes: sample.attributes };
  return { ...prepareCall(op, call, sampleInputs(sample, randomSource(0, seed)), seed), note: sample.note };
}

export function prepareCall<A>(op: Op<A>, call: Call<A>, inputs: readonly Float64Array[], seed: string): Prepared<A> {
  return { op, call, inputs, expected: expect(op, call, inputs, seed) };
}

function expect<A>(op: Op<A>, call: Call<A>, inputs: readonly Float64Array[], seed: string): Expected {
  if (op.spot && op.cost(call).flops > 2 * WHOLE_UP_TO) {
    const random = randomSource(0, `${seed} spots`);
    const size = sizeOf(call.outputs[0].shape);
    const spots = Array.from({ length: SPOTS }, (_, i) => {
      // The corners always: that is where edges of tiles go wrong.
      const index = i === 0 ? 0 : i === 1 ? size - 1 : Math.floor(random.uniform() * size);
      return { index, ...(op.spot?.(call, inputs, index) ?? { value: 0, error: 0 }) };
    });
    return { kind: "spots", spots };
  }
  const outputs = call.outputs.map((type) => new Float64Array(sizeOf(type.shape)));
  op.reference(call, inputs, outputs);
  return { kind: "whole", outputs, bounds: op.error(call, inputs, outputs) };
}

export function describeCall({ op, call }: Pick<Prepared, "op" | "call">): string {
  return `${op.name}(${call.inputs.map(formatType).join(", ")})`;
}
