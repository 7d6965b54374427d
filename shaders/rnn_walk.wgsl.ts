import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { type WalkFunction, walkFunction } from "./lib/rnn.wgsl.ts";

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
   * Where the state before the first step comes from. `zero`: it is 0, and the first product is left out. `last`: from `start`, by way
   * of the last step's place in `state`, which is free until that step (needs T > 1, mode `walk`). `start`: this step reads it there.
   */
  readonly start: "zero" | "last" | "start";
  /** `state` already holds the addends. Not with `last`, which needs a place that is free. */
  readonly inPlace: boolean;
}

/** Bindings in order, as names. */
export function rnnWalkBindings({ backward, start, inPlace }: Pick<RnnWalkOptions, "backward" | "start" | "inPlace">): string[] {
  return [...(inPlace ? [] : ["addend"]), "weights", ...(start === "zero" ? [] : ["start"]), ...(backward ? ["outputs"] : []), "state"];
}

export const rnnWalkParams = ["steps", "batch", "hidden", "first", "count", "rows"] as const;

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
  const { mode, vector, rows, columns, unroll, size, start, inPlace, backward } = options;
  const lanes = vector ? 4 : 1;
  const type = vector ? "vec4<f32>" : "f32";
  const names = rnnWalkBindings(options);
  const declarations = names
    .map((name, i) => `@group(0) @binding(${i}) var<storage, ${name === "state" ? "read_write" : "read"}> ${name}: array<${type}>;`)
    .join("\n");
  const previous = start === "start" ? "start" : "state";
  const R = [...Array(rows).keys()];
  const C = [...Array(columns).keys()];
  const lines = (list: readonly string[]): string => list.join("\n    ");
  const pick = (r: number, u: number, lane: number): string => (vector ? `${type}(a${r}_${u}.${"xyzw"[lane]})` : `a${r}_${u}`);
  const product: string[] = [];
  for (let u = 0; u < unroll; u++) for (const r of R) product.push(`let a${r}_${u} = ${previous}[p${r} + k + ${u}u];`);
  for (let u = 0; u < unroll; u++)
    for (let lane = 0; lane < lanes; lane++) {
      const i = `${u}_${lane}`;
      for (const c of C) product.push(`let w${c}_${i} = weights[q + x${c}];`);
      product.push("q += width;");
      for (const c of C) for (const r of R) product.push(`s${r}_${c} = fma(${pick(r, u, lane)}, w${c}_${i}, s${r}_${c});`);
    }
  const tile = `
    let tile_row = first_row + (item / column_groups) * ${rows}u;
    ${lines(C.map((c) => `let c${c} = item % column_groups + column_groups * ${c}u;\n    let x${c} = min(c${c}, width - 1u);`))}
    ${lines(R.map((r) => `let p${r} = (before * params.batch + min(tile_row + ${r}u, params.batch - 1u)) * width;`))}
    ${lines(R.flatMap((r) => C.map((c) => `var s${r}_${c} = ${type}();`)))}
    var q = 0u;
    for (var k = 0u; k < terms; k += ${unroll}u) {
      ${product.join("\n      ")}
    }
    let place = (t * params.batch + tile_row) * width;
    ${lines(R.flatMap((r) => C.map((c) => `finish(place + ${r}u * width, c${c}, width, tile_row + ${r}u, s${r}_${c});`)))}`;
  return wgsl`
${gridLibrary}
${declarations}
struct Params {
  steps: u32,
  batch: u32,
  hidden: u32,
  first: u32,
  count: u32,
  rows: u32,
}
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
  let column_groups = (width + ${columns - 1}u) / ${columns}u;
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
#if ${backward}
    let t = params.steps - 1u - index;
    let before = min(t + 1u, params.steps - 1u);
#elif ${start === "last"}
    let t = index;
    let before = select(t - 1u, params.steps - 1u, t == 0u);
#elif ${start === "start"}
    let t = index;
    let before = 0u;
#else
    let t = index;
    let before = max(t, 1u) - 1u;
#endif
#if ${start === "zero"}
    let terms = select(width, 0u, index == 0u);
#else
    let terms = width;
#endif
#if ${mode === "walk"}
    for (var item = lane; item < items; item += ${size}u) {
      ${tile}
    }
    storageBarrier();
#else
    let item = linear_workgroup(workgroup, workgroups) * ${size}u + lane;
    if (item < items) {
      ${tile}
    }
#endif
  }
}
`;
}
