import { check, describe } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { HostArray } from "../graph/types.ts";
import type { Loss } from "./losses.ts";

/** The divisor of a loss as an output, where it has one. */
export const countOf = (loss: Loss, output: Tensor, target: Tensor): Record<string, Tensor> =>
  loss.divisor ? { count: loss.divisor(output, target) } : {};

/** How the losses of batches make that of all. */
export interface LossKind {
  /** Sums are added up; means are weighted by the number of examples, */
  readonly adds: boolean;
  /** or by the output "count", where there is one. */
  readonly counted: boolean;
}

export const lossKind = ({ reduction, divisor }: Loss): LossKind => ({ adds: reduction === "sum", counted: divisor !== undefined });

/** The loss of several batches. */
export class LossTotal {
  readonly reads: ("loss" | "count")[];
  batches = 0;
  #sum = 0;
  #weight = 0;
  readonly #adds: boolean;

  constructor({ adds, counted }: LossKind) {
    this.#adds = adds;
    this.reads = counted ? ["loss", "count"] : ["loss"];
  }

  add({ loss, count }: { readonly loss?: HostArray; readonly count?: HostArray }, examples: number): void {
    const weight = this.#adds ? 1 : (count?.[0] ?? examples);
    // A batch in which nothing counts says nothing.
    if (weight !== 0) this.#sum += (loss?.[0] ?? 0) * weight;
    this.#weight += weight;
    this.batches++;
  }

  get loss(): number {
    return this.#adds || this.#weight === 0 ? this.#sum : this.#sum / this.#weight;
  }
}

/** Batches as [x, target], checked one by one. */
export function* pairs(
  call: string,
  batches: Iterable<readonly [HostArray | GPUBuffer, HostArray]>,
): Iterable<readonly [HostArray | GPUBuffer, HostArray]> {
  check(
    typeof batches === "object" && batches !== null && typeof batches[Symbol.iterator] === "function",
    "argument",
    () => `${call}: give an array (or another iterable) of batches [x, target], not ${describe(batches)}`,
  );
  for (const pair of batches) {
    check(Array.isArray(pair) && pair.length === 2, "argument", () => `${call}: each batch must be [x, target], not ${describe(pair)}`);
    yield pair;
  }
}
