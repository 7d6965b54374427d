import type { DType } from "./types.ts";

export type Access = "read" | "write" | "read_write";

export interface Binding<D extends DType = DType, A extends Access = Access> {
  readonly dtype: D;
  readonly access: A;
}
export type Bindings = Readonly<Record<string, Binding>>;

/** A storage buffer that the kernel only reads: `var<storage, read>`. */
export const read = <D extends DType>(dtype: D): Binding<D, "read"> => ({ dtype, access: "read" });
/** A storage buffer that the kernel fills, without relying on what it held: `var<storage, read_write>`. */
export const write = <D extends DType>(dtype: D): Binding<D, "write"> => ({ dtype, access: "write" });
/** A storage buffer that the kernel reads and changes: `var<storage, read_write>`. */
export const readWrite = <D extends DType>(dtype: D): Binding<D, "read_write"> => ({ dtype, access: "read_write" });

/** Uniform scalars, in the order of the fields of the WGSL struct. */
export type Params = Readonly<Record<string, "u32" | "i32" | "f32">>;

/** Workgroups in x, y, z. */
export type Workgroups = readonly [number, number, number];

/** What a kernel that is used on its own knows of its call: the lengths (in elements) of what is bound, and the params. */
export interface KernelCall<B extends Bindings = Bindings, P extends Params = Params> {
  readonly lengths: { readonly [K in keyof B]: number };
  readonly params: { readonly [K in keyof P]: number };
}

export interface Cost {
  /** Floating point operations; a fused multiply-add counts as two. */
  readonly flops: number;
  /** The fewest bytes that must move between memory and the GPU. */
  readonly bytes: number;
}

export interface KernelSpec<B extends Bindings = Bindings, P extends Params = Params> {
  /** Appears in labels, reports and error messages. */
  readonly name: string;
  /**
   * Complete WGSL with one entry point `main`. Binding i of group 0 is the i-th of `bindings`, declared as a variable of the
   * same name; when there are params, the binding after the last is `var<uniform> params: …` with a struct of the same fields.
   */
  readonly wgsl: string;
  readonly bindings: B;
  readonly params?: P;
  /** Needed only for use on its own (`runKernel`, bench); an op's plan says it per dispatch. */
  workgroups?(call: KernelCall<B, P>): Workgroups;
  cost?(call: KernelCall<B, P>): Cost;
  /** The same in f64: fills the arrays bound as write or read_write. For use on its own. */
  reference?(arrays: { readonly [K in keyof B]: Float64Array }, params: { readonly [K in keyof P]: number }): void;
  /** The largest allowed |GPU − reference|, relative to max(1, |reference|). Default 1e-5. For use on its own. */
  readonly tolerance?: number;
}

/** A hand-written kernel. Made by {@link kernel}. */
export type Kernel<B extends Bindings = Bindings, P extends Params = Params> = KernelSpec<B, P>;

/** A kernel of this library: nothing of it needs a check. For kernels of others see user-kernel.ts. */
export const kernel = (spec: Kernel): Kernel => spec;
