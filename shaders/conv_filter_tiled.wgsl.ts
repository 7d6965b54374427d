import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { type FilterLayout, filterBindings, filterLoads, filterTile } from "./lib/conv-filter.wgsl.ts";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { matmulStore } from "./lib/matmul.wgsl.ts";
import { each } from "./lib/matmul-step.wgsl.ts";
import { TERMS, tileMemory, tileProducts, tileSlot } from "./lib/tile64.wgsl.ts";

/**
 * The gradient of the filter of conv_filter through workgroup memory, for real GPUs: an implicit matrix product of (taps and channels) ×
 * channels over all pixels. Shapes, segments and splits as there, but the sum runs over all pixels of the lines as one.
 *
 * A workgroup of 16 × 16 invocations computes 64 elements of a segment × 64 channels, 8 pixels at a time: each invocation loads four
 * neighbouring elements of x, or channels of dy, of its pixel into 4 KiB of workgroup memory, then adds 4 × 4 products per pixel.
 * Cost: 32 multiply-adds for each element loaded from memory, 8 for each vec4 read from workgroup memory.
 */
export function convFilterTiled({ layout }: { readonly layout: FilterLayout }): string {
  const [unitA, unitB] = [layout.vectorA ? 4 : 1, layout.vectorB ? 4 : 1];
  return wgsl`
${filterBindings(layout)}
${gridLibrary}
${filterTile}
${matmulStore(layout.vectorB, { bias: false })}
${filterLoads(layout)}
${tileMemory}
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = tile_of(linear_workgroup(workgroup, workgroups), 64u, 64u);
  if (!tile.inside) { return; }
  let x = local % 16u;
  let y = local / 16u;
  let number = local % 128u;
  let element = tile.row + 4u * (number % 16u);
  let loaded = columns_of(tile.group, tile.column + 4u * (number % 16u));
  let a_start = start_of(tile);
  let a_stride = params.step_x * (params.in_c / ${unitA}u);
  let b_stride = params.out_c / ${unitB}u;
  let length = params.in_w * params.in_c / ${unitA}u;
${each(4, (r) => `  var c${r} = vec4<f32>();`)}
  let end = tile.line_end * params.k;
  for (var k = tile.line_begin * params.k; k < end; k += ${TERMS}u) {
    let term = min(k + number / 16u, end - 1u);
    let counts = k + number / 16u < end;
    if (local < 128u) {
      let start = line_of(tile, term / params.k);
      let row = vec3<u32>(start.x, element / ${unitA}u, select(0u, length, start.y != 0u));
      tile_a[${tileSlot(false)}] = select(vec4<f32>(), load_a(a_start + (term % params.k) * a_stride, row), counts);
    } else {
      tile_b[${tileSlot(false)}] = select(vec4<f32>(), load_b(term * b_stride, loaded), counts);
    }
${tileProducts(false, false)}
  }
  let column = tile.column + 4u * x;
${each(
  4,
  (r) => `  if (tile.row + 4u * y + ${r}u < params.m) {
    store(place_of(tile, tile.row + 4u * y + ${r}u) + column, column, c${r}, vec4<f32>());
  }`,
)}
}
`;
}
