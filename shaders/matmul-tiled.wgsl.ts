import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { type Epilogue, type MatmulLayout, matmulBindings, matmulLoads, matmulStore, matmulTile } from "./lib/matmul.wgsl.ts";
import { each } from "./lib/matmul-step.wgsl.ts";
import { TERMS, tileMemory, tileProducts, tileSlot } from "./lib/tile64.wgsl.ts";

export interface MatmulTiledOptions {
  readonly layout: MatmulLayout;
  readonly epilogue: Epilogue;
}

/** Statements that load four terms of one row (column), with `along`, or four rows of one term, and store them in workgroup memory. */
function load(name: "a" | "b", along: boolean, size: "m" | "n", vector: boolean): string {
  const unit = vector ? 4 : 1;
  const first = name === "a" ? "tile.row" : "tile.column";
  const stride = `(params.${along ? "k" : size} / ${unit}u)`;
  const inRow = (at: string, length: string) => (vector ? `min(${at}, params.${length} - 4u) / 4u` : at);
  return along
    ? `
      let row = number / 2u;
      let term = k + 4u * (number % 2u);
      let start = tile.${name} / ${unit}u + min(${first} + row, params.${size} - 1u) * ${stride};
      let loaded = load_${name}(start, ${inRow("term", "k")});
      let terms = vec4<u32>(term, term + 1u, term + 2u, term + 3u);
      tile_${name}[${tileSlot(along)}] = select(vec4<f32>(), loaded, terms < vec4<u32>(tile.k_end));`
    : `
      let term = k + number / 16u;
      let start = tile.${name} / ${unit}u + min(term, params.k - 1u) * ${stride};
      let loaded = load_${name}(start, ${inRow(`${first} + 4u * (number % 16u)`, size)});
      tile_${name}[${tileSlot(along)}] = select(vec4<f32>(), loaded, term < tile.k_end);`;
}

/**
 * C[m, n] = f(Σ_k A[m, k]·B[k, n] + bias[n]) through workgroup memory, for real GPUs.
 *
 * Shapes: A [M, K] (or [K, M]), B [K, N] (or [N, K]), bias [N], C [M, N] or, split, [splits, batches, M, N], row-major.
 * A workgroup of 16 × 16 invocations computes a tile of 64 × 64 of C and walks K in parts of 8 terms: each invocation loads one vec4 of
 * A or of B into 4 KiB of workgroup memory, then adds 4 × 4 products per term to its sums.
 * Cost: 32 multiply-adds for each element loaded from memory, 8 for each vec4 read from workgroup memory.
 */
export function matmulTiled({ layout, epilogue }: MatmulTiledOptions): string {
  const [alongA, alongB] = [!layout.transposeA, layout.transposeB];
  return wgsl`
${matmulBindings(layout, epilogue.bias)}
${gridLibrary}
${matmulTile}
${matmulStore(layout.vectorC, epilogue)}
${matmulLoads(layout)}
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
${each(4, (r) => `  var c${r} = vec4<f32>();`)}
  for (var k = tile.k_begin; k < tile.k_end; k += ${TERMS}u) {
    if (local < 128u) {${load("a", alongA, "m", layout.vectorA)}
    } else {${load("b", alongB, "n", layout.vectorB)}
    }
${tileProducts(alongA, alongB)}
  }
  let column = tile.column + 4u * x;
  let addends = addend(column);
${each(4, (r) => `  if (tile.row + 4u * y + ${r}u < params.m) { store(tile.c + (tile.row + 4u * y + ${r}u) * params.n + column, column, c${r}, addends); }`)}
}
`;
}
