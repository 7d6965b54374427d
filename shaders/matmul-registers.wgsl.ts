import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { type Epilogue, type MatmulLayout, matmulBindings, matmulFinish, matmulLoads, matmulStore, matmulTile } from "./lib/matmul.wgsl.ts";

export interface MatmulRegistersOptions {
  readonly layout: MatmulLayout;
  readonly epilogue: Epilogue;
  /** Sums that one invocation keeps: rows × columns, columns a multiple of 4; with `quad` rows too. */
  readonly rows: number;
  readonly columns: number;
  /** The four invocations of a quad take neighbouring columns of the same rows, and each loads a quarter of `a` for all. */
  readonly quad: boolean;
  /** Steps of four terms in one turn of the loop. */
  readonly unroll: number;
  readonly workgroup: number;
}

const LANES = ["x", "y", "z", "w"];
const each = (count: number, line: (i: number) => string): string => Array.from({ length: count }, (_, i) => line(i)).join("\n");

/** One step of four terms, beginning at `k`: loads the fragments of a and b, then rows × columns × 4 multiply-adds. */
function step({ layout, rows, columns, quad }: MatmulRegistersOptions, k: string): string {
  const row = (offset: string) => (layout.raggedK ? `min(${k} + ${offset}, params.k - 1u)` : `(${k} + ${offset})`);
  const groups = Math.ceil(rows / 4);
  const out: string[] = [];
  // a: afterwards `a(r, t)` is the term t of row r.
  let a: (r: number, t: number) => string;
  const rowMask = (load: string, term: string) => (layout.raggedK ? `select(vec4<f32>(), ${load}, ${k} + ${term} < tile.k_end)` : load);
  const termMask = (load: string) =>
    layout.raggedK ? `select(vec4<f32>(), ${load}, vec4<u32>(${k}) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(tile.k_end))` : load;
  if (layout.transposeA) {
    a = (r, t) => `a${t}_${r >> 2}.${LANES[r & 3]}`;
    if (quad) {
      out.push(each(groups, (i) => `let q${i} = ${rowMask(`load_a(tile.a + ${row("lane")} * params.m, row${i})`, "lane")};`));
      out.push(each(4 * groups, (i) => `let a${i & 3}_${i >> 2} = quadBroadcast(q${i >> 2}, ${i & 3}u);`));
    } else
      out.push(
        each(
          4 * groups,
          (i) => `let a${i & 3}_${i >> 2} = ${rowMask(`load_a(tile.a + ${row(`${i & 3}u`)} * params.m, row${i >> 2})`, `${i & 3}u`)};`,
        ),
      );
  } else {
    a = (r, t) => `a${r}.${LANES[t]}`;
    if (quad) {
      out.push(each(groups, (i) => `let q${i} = ${termMask(`load_a(row${i}, ${k})`)};`));
      out.push(each(rows, (r) => `let a${r} = quadBroadcast(q${r >> 2}, ${r & 3}u);`));
    } else out.push(each(rows, (r) => `let a${r} = ${termMask(`load_a(row${r}, ${k})`)};`));
  }
  // b: afterwards b{t}_{j} is the term t of the column group j.
  const across = columns / 4;
  if (layout.transposeB) {
    out.push(each(columns, (j) => `let t${j} = load_b(column${j}, ${k});`));
    out.push(
      each(4 * across, (i) => {
        const [t, j] = [i & 3, i >> 2];
        return `let b${t}_${j} = vec4<f32>(${[0, 1, 2, 3].map((l) => `t${4 * j + l}.${LANES[t]}`).join(", ")});`;
      }),
    );
  } else out.push(each(4 * across, (i) => `let b${i & 3}_${i >> 2} = load_b(tile.b + ${row(`${i & 3}u`)} * params.n, column${i >> 2});`));
  for (let t = 0; t < 4; t++)
    for (let r = 0; r < rows; r++)
      for (let j = 0; j < across; j++) out.push(`c${r}_${j} = fma(vec4<f32>(${a(r, t)}), b${t}_${j}, c${r}_${j});`);
  return `{\n${out.join("\n")}\n}`;
}

/**
 * C[m, n] = f(Σ_k A[m, k]·B[k, n] + bias[n]) with sums in registers and no workgroup memory: the fastest form on software GPUs,
 * where a load from storage costs as much as twenty multiply-adds wherever it comes from.
 *
 * Shapes: A [M, K] (or [K, M]), B [K, N] (or [N, K]), bias [N], C [M, N], all row-major, in batches that params lead to. With
 * `splits` > 1, C is [splits, batches, M, N] and holds partial sums (see matmul-splits).
 * An invocation (a quad of invocations) computes rows × columns (rows × 4·columns) of C, and of K the part `k_split` of its split.
 * Cost of four terms: rows + columns loads of vec4 (with quads rows / 4 + columns) for 4·rows·columns multiply-adds.
 */
export function matmulRegisters(options: MatmulRegistersOptions): string {
  const { layout, epilogue, rows, columns, quad, unroll, workgroup } = options;
  const groups = Math.ceil(rows / 4);
  const across = columns / 4;
  const clampedGroup = (vector: boolean, at: string, size: string) => (vector ? `min(${at}, params.${size} - 4u)` : at);
  // Rows of `a` outside the matrix are replaced by its last row; what they give is not stored.
  const rowStarts = layout.transposeA
    ? each(groups, (i) => `let row${i} = ${clampedGroup(layout.vectorA, `tile.row + ${4 * i}u`, "m")};`)
    : each(
        quad ? groups : rows,
        (i) => `let row${i} = tile.a + min(tile.row + ${quad ? `${4 * i}u + lane` : `${i}u`}, params.m - 1u) * params.k;`,
      );
  const columnStarts = layout.transposeB
    ? each(columns, (j) => `let column${j} = tile.b + min(column + ${j}u, params.n - 1u) * params.k;`)
    : each(across, (j) => `let column${j} = ${clampedGroup(layout.vectorB, `column + ${4 * j}u`, "n")};`);
  return wgsl`
#if ${quad}
enable subgroups;
#endif
${matmulBindings(layout, epilogue.bias)}
${gridLibrary}
${matmulTile}
${matmulFinish(layout.vectorC, epilogue)}
${matmulStore(layout.vectorC)}
${matmulLoads(layout)}
@compute @workgroup_size(${workgroup})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
#if ${quad}
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
#endif
) {
#if ${quad}
  // One quad is one workgroup: no partial quads, and bounds of the loop that depend on the workgroup alone.
  let lane = subgroup_lane & 3u;
  let tile = tile_of(linear_workgroup(workgroup, workgroups), ${rows}u, ${4 * columns}u);
  let column = tile.column + lane * ${columns}u;
#else
  let tile = tile_of(linear_workgroup(workgroup, workgroups) * ${workgroup}u + local, ${rows}u, ${columns}u);
  let column = tile.column;
#endif
  if (!tile.inside) { return; }
${rowStarts}
${columnStarts}
${each(rows * across, (i) => `var c${Math.floor(i / across)}_${i % across} = vec4<f32>();`)}
  var k = tile.k_begin;
#if ${unroll > 1}
  for (; k + ${4 * (unroll - 1)}u < tile.k_end; k += ${4 * unroll}u) {
${each(unroll, (i) => step(options, i === 0 ? "k" : `(k + ${4 * i}u)`))}
  }
#endif
  for (; k < tile.k_end; k += 4u) {
${step(options, "k")}
  }
${each(rows * across, (i) => `store(tile.c, tile.row + ${Math.floor(i / across)}u, column + ${4 * (i % across)}u, c${Math.floor(i / across)}_${i % across});`)}
}
`;
}
