import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { inverseRootLibrary } from "./lib/math.wgsl.ts";
import { blockedSum, eachRow, rowSums } from "./lib/rows.wgsl.ts";

export interface LayerNormOptions {
  /** Four elements of a row at a time (n % 4 = 0). */
  readonly vector: boolean;
  /** Invocations of the workgroup that share one row; 0: an invocation takes a row alone. */
  readonly shared: 0 | 64 | 256;
}

/** Params in order: `rows`, `n` elements of a row (in vec4 with `vector`), the number of elements as f32, ε. */
export const layerNormParams = { rows: "u32", n: "u32", count: "f32", epsilon: "f32" } as const;

/**
 * y = (x − mean) / √(variance + ε) · scale + bias over each row; mean and 1 / √(variance + ε) are outputs too.
 *
 * Shapes: x and y [rows, n], scale and bias [n], mean and deviation [rows], row-major.
 * The mean comes first, then squares about it, then y: the second and third time the row is in the cache.
 * Workgroup: 64 invocations with a row each, or with `shared` 64 or 256 that share a row; the grid is folded in x and y.
 * Cost: x read once from memory, y written once, eight operations per element.
 */
export function layerNormShader({ vector, shared }: LayerNormOptions): string {
  const element = vector ? "vec4<f32>" : "f32";
  return wgsl`
${gridLibrary}
@group(0) @binding(0) var<storage, read> x: array<${element}>;
@group(0) @binding(1) var<storage, read> scale: array<${element}>;
@group(0) @binding(2) var<storage, read> bias: array<${element}>;
@group(0) @binding(3) var<storage, read_write> y: array<${element}>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> deviation: array<f32>;
struct Params {
  rows: u32,
  n: u32,
  count: f32,
  epsilon: f32,
}
@group(0) @binding(6) var<uniform> params: Params;
alias V = ${element};
${rowSums(vector, shared)}
${inverseRootLibrary()}
${eachRow(
  shared,
  wgsl`  let base = row * params.n;
  ${blockedSum("total", "some += x[base + r];", shared)}
  let middle = sum_row(total, lane) / params.count;
  ${blockedSum("squares", "let d = x[base + r] - V(middle);\n      some += d * d;", shared)}
  let factor = inverse_root(sum_row(squares, lane) / params.count + params.epsilon);
  for (var r = ${shared > 0 ? "lane" : "0u"}; r < params.n; r += ${Math.max(1, shared)}u) {
    y[base + r] = (x[base + r] - V(middle)) * V(factor) * scale[r] + bias[r];
  }
#if ${shared > 0}
  if (lane == 0u) {
    mean[row] = middle;
    deviation[row] = factor;
  }
#else
  mean[row] = middle;
  deviation[row] = factor;
#endif`,
)}`;
}
