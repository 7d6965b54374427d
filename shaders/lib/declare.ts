/** A storage binding of a kernel whose bindings depend on its options. */
export interface Declared {
  readonly name: string;
  readonly access: "read" | "read_write";
  /** The element type: `f32`, `vec4<f32>`, `i32`, … */
  readonly type: string;
}

/**
 * The declarations of storage bindings 0, 1, … and of the uniform `params: Params` behind them. For kernels with optional inputs;
 * all others write theirs by hand. `false` stands for a binding that is left out.
 */
export function declare(bindings: readonly (Declared | false)[]): string {
  const lines = bindings
    .filter((binding) => binding !== false)
    .map(({ name, access, type }, i) => `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${type}>;`);
  return [...lines, `@group(0) @binding(${lines.length}) var<uniform> params: Params;`].join("\n");
}

/** `var<storage, read> name: array<type>;` */
export const reads = (name: string, type: string): Declared => ({ name, access: "read", type });
/** `var<storage, read_write> name: array<type>;` */
export const writes = (name: string, type: string): Declared => ({ name, access: "read_write", type });
