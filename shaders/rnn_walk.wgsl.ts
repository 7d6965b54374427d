import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { type WalkFunction, walkBindings, walkDeclarations, walkFunction, walkTime } from "./lib/rnn.wgsl.ts";

export interface RnnWalkOptions extends WalkFunction {
  /** `walk`: one workgroup takes all steps of its batch rows. `step`: one dispatch is one step of all rows. */
  readonly mode: "walk" | "step";
  /** Four columns at a time; needs H % 4 = 0. */
  readonly vector: boolean;
  /** Batch rows and columns (vec4s with `vector`) that an invocation computes together. */
  readonly rows: number;
  readonly columns: number;
  /** State elements (vec4s with `vector`) per turn of the inner loop; must divide H (H / 4). */
  readonly unroll: number;
  /** Invocations of a workgroup. */
  readonly size: number;
  /**
   * The four invocations of a quad share the loads of the state by `quadBroadcast`, which pays where loads are dear. They compute
   * neighbouring columns of the same rows. Needs subgroups, whole quads in linear order (a software GPU), rows · unroll % 4 = 0,
   * and with `step` a size of 4.
   */
  readonly quad: boolean;
}

/**
 * The recurrence over time, with the state read back from the buffer that it is written to:
 *
 *     forward    state[t] = f(addend[t] + state[t − 1] · weights)               addend = x·U + b, weights = W, f = tanh or relu
 *     backward   state[t] = (addend[t] + state[t + 1] · weights) ⊙ f′(outputs[t])   addend = dLoss/dh, weights = Wᵀ
 *
 * Shapes: addend, outputs, state [T, B, H]; weights [H, H] as [in, out]; start [B, H]; all row-major.
 * Workgroup (mode `walk`): owns `params.rows` batch rows, which depend on no others, and takes steps `first` … `first + count − 1` of the
 * walk with barriers alone. Its invocations share out tiles of `rows` × `columns` accumulators in registers. The state of the step
 * before is in cache, so on a software GPU this beats a copy in workgroup memory. In mode `step` the tiles of all rows are spread
 * over the whole grid and one dispatch takes one step.
 * Cost per step and workgroup: 2·rows·H² FLOPs; weights stream from cache once per tile row, a state row once per column tile.
 */
export function rnnWalkShader(options: RnnWalkOptions): string {
  const { mode, vector, rows, columns, unroll, size, quad, start, inPlace, backward } = options;
  const quads = quad ? 4 : 1;
  const lanes = vector ? 4 : 1;
  const type = vector ? "vec4<f32>" : "f32";
  const names = walkBindings(options);
  const previous = start === "start" ? "start" : "state";
  const R = [...Array(rows).keys()];
  const C = [...Array(columns).keys()];
  const lines = (list: readonly string[]): string => list.join("\n    ");
  const pick = (r: number, u: number, lane: number): string => (vector ? `${type}(a${r}_${u}.${"xyzw"[lane]})` : `a${r}_${u}`);
  const product: string[] = [];
  if (quad)
    for (let load = 0; load < (rows * unroll) / 4; load++) {
      // Load number p = u·rows + r of the tile is that of lane p % 4.
      const places = [0, 1, 2, 3].map((of) => ({ r: (load * 4 + of) % rows, u: Math.floor((load * 4 + of) / rows) }));
      product.push(`let l${load} = ${previous}[m${load} + k];`);
      places.forEach(({ r, u }, of) => {
        product.push(`let a${r}_${u} = quadBroadcast(l${load}, ${of}u);`);
      });
    }
  else for (let u = 0; u < unroll; u++) for (const r of R) product.push(`let a${r}_${u} = ${previous}[p${r} + k + ${u}u];`);
  for (let u = 0; u < unroll; u++)
    for (let lane = 0; lane < lanes; lane++) {
      const i = `${u}_${lane}`;
      for (const c of C) product.push(`let w${c}_${i} = weights[q + x${c}];`);
      product.push("q += width;");
      for (const c of C) for (const r of R) product.push(`s${r}_${c} = fma(${pick(r, u, lane)}, w${c}_${i}, s${r}_${c});`);
    }
  const rowPlace = (row: string): string => `(time_before * params.batch + min(tile_row + ${row}, params.batch - 1u)) * width`;
  const places = quad
    ? Array.from(
        { length: (rows * unroll) / 4 },
        (_, load) => `let m${load} = ${rowPlace(`(${load * 4}u + quad_lane) % ${rows}u`)} + (${load * 4}u + quad_lane) / ${rows}u;`,
      )
    : R.map((r) => `let p${r} = ${rowPlace(`${r}u`)};`);
  const tile = `
    let tile_row = first_row + (item / column_groups) * ${rows}u;
    let first_column = ${quad ? `(item % column_groups) * ${4 * columns}u + quad_lane` : "item % column_groups"};
    ${lines(C.map((c) => `let x${c} = min(first_column + ${quad ? `${4 * c}u` : `column_groups * ${c}u`}, width - 1u);`))}
    ${lines(places)}
    ${lines(R.flatMap((r) => C.map((c) => `var s${r}_${c} = ${type}();`)))}
    var q = 0u;
    for (var k = 0u; k < terms; k += ${unroll}u) {
      ${product.join("\n      ")}
    }
    // In a loop, so that the function is compiled once: it is long beside the rest.
    let place = (t * params.batch + tile_row) * width;
    var sums = array<${type}, ${rows * columns}>(${R.flatMap((r) => C.map((c) => `s${r}_${c}`)).join(", ")});
    for (var i = 0u; i < ${rows * columns}u; i++) {
      let row = i / ${columns}u;
      finish(place + row * width, first_column + (i % ${columns}u) * ${quad ? "4u" : "column_groups"}, width, tile_row + row, sums[i]);
    }`;
  return wgsl`
#if ${quad}
enable subgroups;
#endif
${gridLibrary}
${walkDeclarations(options, type)}
@group(0) @binding(${names.length}) var<uniform> params: Params;

${walkFunction(options)}
fn finish(place: u32, column: u32, width: u32, row: u32, sum: ${type}) {
  if (row < params.batch && column < width) {
    let i = place + column;
    let v = ${inPlace ? "state" : "addend"}[i] + sum;
#if ${backward}
    let y = outputs[i];
#endif
#if ${vector && backward}
    state[i] = vec4<f32>(step_value(v.x, y.x), step_value(v.y, y.y), step_value(v.z, y.z), step_value(v.w, y.w));
#elif ${vector}
    state[i] = vec4<f32>(step_value(v.x), step_value(v.y), step_value(v.z), step_value(v.w));
#elif ${backward}
    state[i] = step_value(v, y);
#else
    state[i] = step_value(v);
#endif
  }
}

@compute @workgroup_size(${size})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let width = params.hidden / ${lanes}u;
  let column_groups = (width + ${quads * columns - 1}u) / ${quads * columns}u;
#if ${quad}
  let quad_lane = lane & 3u;
#endif
#if ${mode === "walk"}
  let first_row = linear_workgroup(workgroup, workgroups) * params.rows;
  if (first_row >= params.batch) {
    return;
  }
  let own_rows = min(params.rows, params.batch - first_row);
  let items = ((own_rows + ${rows - 1}u) / ${rows}u) * column_groups;
#else
  let first_row = 0u;
  let items = ((params.batch + ${rows - 1}u) / ${rows}u) * column_groups;
#endif
#if ${start === "last"}
  if (params.first == 0u) {
    let place = ((params.steps - 1u) * params.batch + first_row) * width;
    for (var i = lane; i < own_rows * width; i += ${size}u) {
      state[place + i] = start[first_row * width + i];
    }
    storageBarrier();
  }
#endif
  for (var index = params.first; index < params.first + params.count; index++) {
    ${walkTime(options)}
    let terms = select(0u, width, has_product);
#if ${mode === "walk"}
#if ${quad && size === 4}
    for (var item = 0u; item < items; item++) {
      ${tile}
    }
#elif ${quad}
    for (var base = 0u; base < items; base += ${size / 4}u) {
      let item = base + lane / 4u;
      ${tile}
    }
#else
    for (var item = lane; item < items; item += ${size}u) {
      ${tile}
    }
#endif
    storageBarrier();
#else
#if ${quad}
    let item = linear_workgroup(workgroup, workgroups);
#else
    let item = linear_workgroup(workgroup, workgroups) * ${size}u + lane;
#endif
    if (item < items) {
      ${tile}
    }
#endif
  }
}
`;
}
