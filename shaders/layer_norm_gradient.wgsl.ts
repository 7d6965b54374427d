import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import type { LayerNormOptions } from "./layer_norm.wgsl.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { blockedSum, eachRow, rowSums } from "./lib/rows.wgsl.ts";

/** Params in order: `rows`, `n` elements of a row (in vec4 with `vector`), the number of elements as f32. */
export const layerNormGradientParams = { rows: "u32", n: "u32", count: "f32" } as const;

/**
 * dx = deviation · (a − mean(a) − x̂ · mean(a · x̂)) over each row, with a = gradient · scale and x̂ = (x − mean) · deviation.
 *
 * Shapes: x, gradient and dx [rows, n], scale [n], mean and deviation [rows], row-major.
 * Both means come first; the second time the row is in the cache.
 * Workgroup: 64 invocations with a row each, or with `shared` 64 or 256 that share a row; the grid is folded in x and y.
 * Cost: x and gradient read once from memory, dx written once, twelve operations per element.
 */
export function layerNormGradientShader({ vector, shared }: LayerNormOptions): string {
  const element = vector ? "vec4<f32>" : "f32";
  const hat = "((x[base + r] - V(middle)) * V(factor))";
  return wgsl`
${gridLibrary}
@group(0) @binding(0) var<storage, read> x: array<${element}>;
@group(0) @binding(1) var<storage, read> scale: array<${element}>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> deviation: array<f32>;
@group(0) @binding(4) var<storage, read> gradient: array<${element}>;
@group(0) @binding(5) var<storage, read_write> dx: array<${element}>;
struct Params {
  rows: u32,
  n: u32,
  count: f32,
}
@group(0) @binding(6) var<uniform> params: Params;
alias V = ${element};
${rowSums(vector, shared)}
${eachRow(
  shared,
  wgsl`  let base = row * params.n;
  let middle = mean[row];
  let factor = deviation[row];
  ${blockedSum("plain", "some += gradient[base + r] * scale[r];", shared)}
  let plain_mean = sum_row(plain, lane) / params.count;
  ${blockedSum("product", `some += gradient[base + r] * scale[r] * ${hat};`, shared)}
  let product_mean = sum_row(product, lane) / params.count;
  for (var r = ${shared > 0 ? "lane" : "0u"}; r < params.n; r += ${Math.max(1, shared)}u) {
    dx[base + r] = V(factor) * (gradient[base + r] * scale[r] - V(plain_mean) - ${hat} * V(product_mean));
  }`,
)}`;
}
