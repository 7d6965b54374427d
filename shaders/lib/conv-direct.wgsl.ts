import { gridLibrary } from "./grid.wgsl.ts";
import { each } from "./matmul-step.wgsl.ts";

/** What the direct kernels of convolution have in common: channels of the destination in blocks, and lines of x, as f32. */
export interface DirectEntry {
  readonly invocations: number;
  /** Channels of each invocation, a multiple of 4, and sums of vec4 by name. */
  readonly columns: number;
  readonly sums: readonly string[];
  /** What is read beside x and what is written are bound as vec4. */
  readonly vector: boolean;
}

export const list = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/**
 * The entry point: `body` finds `tile`, the number of the invocation without its block of channels, its first `column`, `column0`, … in
 * units of what is bound, the sums at 0 and the `stride` of channels. `load_b(start, column)`: four channels from `column` on.
 */
export const directEntry = ({ invocations, columns, sums, vector }: DirectEntry, body: string): string => `
${gridLibrary}
fn load_b(start: u32, column: u32) -> vec4<f32> {
${
  vector
    ? "  return b[start + column];"
    : `  let last = params.n - 1u;
  return vec4<f32>(${list(4)
    .map((i) => `b[start + min(column + ${i}u, last)]`)
    .join(", ")});`
}
}
@compute @workgroup_size(${invocations})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = linear_workgroup(workgroup, workgroups) * ${invocations}u + local;
  if (index >= params.size) { return; }
  let tile = index / params.blocks;
  let column = (index - tile * params.blocks) * ${columns}u;
${each(columns / 4, (j) => `  let column${j} = ${vector ? `min(column + ${4 * j}u, params.n - 4u) / 4u` : `column + ${4 * j}u`};`)}
  let stride = params.n / ${vector ? 4 : 1}u;
${each(sums.length, (i) => `  var ${sums[i]} = vec4<f32>();`)}
${body}
}
`;

/** Where `span` elements of a line lie from `at` on, and whether: once for all lines, where some lie outside. */
export const placesInLine = (span: number, padded: boolean): string =>
  padded ? each(span, (e) => `let inside_x${e} = at + ${e}u < params.in_line;\n  let at${e} = select(0u, at + ${e}u, inside_x${e});`) : "";

/** Where line `y` of x, a WGSL expression, begins, as `line{number}`, and whether it exists. */
export const lineStart = (number: number, y: string, padded: boolean): string => `    let y${number} = ${y};
${
  padded
    ? `    let inside${number} = y${number} < params.in_h;
    let line${number} = select(0u, first + y${number} * params.in_line, inside${number});`
    : `    let line${number} = first + y${number} * params.in_line;`
}`;

/** Element `e` of line `number`, 0 outside. */
export const elementOfLine = (number: number, e: number, padded: boolean): string =>
  padded ? `select(0.0, a[line${number} + at${e}], inside${number} && inside_x${e})` : `a[line${number} + at + ${e}u]`;
