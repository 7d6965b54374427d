import { stridedCopyShader } from "../../../shaders/strided-copy.wgsl.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, Dispatch, Operand, Variant } from "../../graph/op.ts";
import { sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";

/** A box of elements at base + Σ c_d · stride_d of a buffer, in row-major order of its coordinates c. */
export interface StridedBox {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly base: number;
}

/** The same elements in the same order with the fewest dimensions: sizes of 1 go, neighbours that run on are merged. */
export function collapse({ sizes, strides, base }: StridedBox): StridedBox {
  const outSizes: number[] = [];
  const outStrides: number[] = [];
  sizes.forEach((size, d) => {
    if (size === 1) return;
    const last = outSizes.length - 1;
    if (last >= 0 && outStrides[last] === strides[d] * size) {
      outSizes[last] *= size;
      outStrides[last] = strides[d];
    } else {
      outSizes.push(size);
      outStrides.push(strides[d]);
    }
  });
  return outSizes.length > 0 ? { sizes: outSizes, strides: outStrides, base } : { sizes: [1], strides: [1], base };
}

/** Whether a collapsed box can be moved 4 elements at a time: they are neighbours on both sides and begin at multiples of 4. */
export function inVec4({ sizes, strides, base }: StridedBox): boolean {
  const last = sizes.length - 1;
  return strides[last] === 1 && [sizes[last], base, ...strides.slice(0, last)].every((n) => n % 4 === 0);
}

/** Moves a collapsed box: out of a buffer into a dense one, or with `scatter` from a dense buffer into the box. */
export function copyBox(box: StridedBox, source: Operand, destination: Operand, options: { vec4: boolean; scatter?: boolean }): Dispatch {
  const { vec4, scatter = false } = options;
  const rank = box.sizes.length;
  const unit = vec4 ? 4 : 1;
  const params: Record<string, number> = { count: sizeOf(box.sizes) / unit, base: box.base / unit };
  // Negative strides become their u32 complement.
  for (let d = 0; d < rank; d++) params[`stride${d}`] = (d === rank - 1 && vec4 ? 1 : box.strides[d] / unit) >>> 0;
  for (let d = rank - 1; d > 0; d--) params[`size${d}`] = d === rank - 1 ? box.sizes[d] / unit : box.sizes[d];
  return {
    kernel: kernel({
      name: `${scatter ? "copy into" : "copy from"} ${rank}-d box${vec4 ? ", vec4" : ""}`,
      wgsl: stridedCopyShader({ rank, vec4, scatter }),
      bindings: { source: read("u32"), destination: write("u32") },
      params: Object.fromEntries(Object.keys(params).map((name) => [name, "u32" as const])),
    }),
    bindings: { source, destination },
    params,
    workgroups: foldGrid(Math.ceil(params.count / 64)),
  };
}

/** The two variants of an op whose output 0 is a box of its input 0, element by element and 4 elements at a time. */
export function boxVariants<A>(boxOf: (call: Call<A>) => StridedBox): readonly Variant<A>[] {
  const variant = (vec4: boolean): Variant<A> => ({
    name: vec4 ? "vec4" : "scalar",
    allowed: (call) => !vec4 || inVec4(collapse(boxOf(call))),
    preference: () => (vec4 ? 1 : 0),
    plan: (call) => ({ dispatches: [copyBox(collapse(boxOf(call)), { input: 0 }, { output: 0 }, { vec4 })] }),
  });
  return [variant(true), variant(false)];
}

/** The reference of the same ops: one element after another. */
export function copyBoxReference(box: StridedBox, source: Float64Array, destination: Float64Array): void {
  for (let i = 0; i < destination.length; i++) {
    let rest = i;
    let at = box.base;
    for (let d = box.sizes.length - 1; d >= 0; d--) {
      at += (rest % box.sizes[d]) * box.strides[d];
      rest = Math.floor(rest / box.sizes[d]);
    }
    destination[i] = source[at];
  }
}
