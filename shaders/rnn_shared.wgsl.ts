import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { type WalkFunction, walkBindings, walkDeclarations, walkFunction, walkTime } from "./lib/rnn.wgsl.ts";

export interface RnnSharedOptions extends WalkFunction {
  /** Not `last`: a first state is copied straight into workgroup memory. */
  readonly start: "zero" | "start";
  /** H: the size of the arrays in workgroup memory. */
  readonly hidden: number;
  /** Batch rows of a workgroup. */
  readonly rows: number;
  /** Parts that each sum over H is cut into, one invocation each. */
  readonly slices: number;
  /** The weights stay in registers for the whole walk; otherwise they stream from cache. */
  readonly resident: boolean;
}

type Sizes = Pick<RnnSharedOptions, "hidden" | "rows" | "slices">;

/** Invocations of a workgroup: one for each slice of four columns. */
export const rnnSharedSize = ({ hidden, slices }: Omit<Sizes, "rows">): number => Math.ceil(hidden / 4) * slices;

/** Bytes of workgroup memory: the state, and the partial sums. */
export const rnnSharedBytes = ({ hidden, rows, slices }: Sizes): number => 4 * rows * hidden + 16 * rows * slices * Math.ceil(hidden / 4);

/**
 * The recurrence over time (formula, shapes and bindings as in rnn_walk.wgsl.ts) for a real GPU: the state in workgroup memory.
 *
 * Workgroup: owns `rows` batch rows and takes steps `first` … `first + count − 1` with two barriers each. Invocation (s, g) adds up slice s
 * of the sum over H for the four columns of group g; its neighbours read neighbouring weights and the same state. The partial sums meet in
 * workgroup memory, where one invocation for each column adds them in order, applies the function, and stores the state there and in
 * the output. With `resident` the weights are read once: H · H / invocations registers each.
 * Cost per step and workgroup: 2·rows·H² FLOPs; H² weights from cache unless resident; H / slices dependent steps.
 */
export function rnnSharedShader(options: RnnSharedOptions): string {
  const { hidden, rows, slices, resident, start, inPlace, backward } = options;
  const names = walkBindings(options);
  const groups = Math.ceil(hidden / 4);
  const size = rnnSharedSize(options);
  const length = Math.ceil(hidden / slices);
  const exact = hidden % 4 === 0;
  const even = length * slices === hidden;
  const R = [...Array(rows).keys()];
  // Beyond H: a place that exists, and weight 0.
  const weightOf = (k: string): string => {
    const row = even ? k : `min(${k}, ${hidden - 1}u)`;
    const four = [0, 1, 2, 3].map((j) =>
      exact
        ? `weights[${row} * ${hidden}u + j + ${j}u]`
        : `select(0.0, weights[${row} * ${hidden}u + min(j + ${j}u, ${hidden - 1}u)], j + ${j}u < ${hidden}u)`,
    );
    const value = `vec4<f32>(${four.join(", ")})`;
    return even ? value : `select(vec4<f32>(), ${value}, ${k} < ${hidden}u)`;
  };
  // Beyond H it is 0 as well: a state may be infinite, and 0 · ∞ is NaN.
  const stateOf = (r: number, k: string): string =>
    even ? `memory[${r * hidden}u + ${k}]` : `select(0.0, memory[${r * hidden}u + min(${k}, ${hidden - 1}u)], ${k} < ${hidden}u)`;
  const terms = (weight: string, k: string): string[] => R.map((r) => `sum${r} = fma(vec4<f32>(${stateOf(r, k)}), ${weight}, sum${r});`);
  const L = [...Array(length).keys()];
  const product = resident
    ? L.flatMap((i) => terms(`w${i}`, `(begin + ${i}u)`)).join("\n      ")
    : `for (var k = begin; k < begin + ${length}u; k++) {
        let w = ${weightOf("k")};
        ${terms("w", "k").join("\n        ")}
      }`;
  return wgsl`
${gridLibrary}
${walkDeclarations(options, "f32")}
@group(0) @binding(${names.length}) var<uniform> params: Params;

var<workgroup> memory: array<f32, ${rows * hidden}>;
var<workgroup> partial: array<vec4<f32>, ${rows * size}>;

${walkFunction(options)}
@compute @workgroup_size(${size})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let first_row = linear_workgroup(workgroup, workgroups) * ${rows}u;
  if (first_row >= params.batch) {
    return;
  }
  let j = (lane % ${groups}u) * 4u;
  let begin = (lane / ${groups}u) * ${length}u;
#if ${resident}
  ${L.map((i) => `let w${i} = ${weightOf(`(begin + ${i}u)`)};`).join("\n  ")}
#endif
  for (var i = lane; i < ${rows * hidden}u; i += ${size}u) {
    let row = min(first_row + i / ${hidden}u, params.batch - 1u);
    let column = i % ${hidden}u;
    if (params.first == 0u) {
#if ${start === "start"}
      memory[i] = start[row * ${hidden}u + column];
#else
      memory[i] = 0.0;
#endif
    } else {
      let index = params.first;
      ${walkTime({ backward, start: "zero" })}
      memory[i] = state[(time_before * params.batch + row) * ${hidden}u + column];
    }
  }
  workgroupBarrier();
  for (var index = params.first; index < params.first + params.count; index++) {
    let t = ${backward ? "params.steps - 1u - index" : "index"};
    ${R.map((r) => `var sum${r} = vec4<f32>();`).join("\n    ")}
#if ${start === "zero"}
    if (index > 0u) {
#else
    {
#endif
      ${product}
    }
    ${R.map((r) => `partial[lane + ${r * size}u] = sum${r};`).join("\n    ")}
    workgroupBarrier();
    for (var i = lane; i < ${rows * hidden}u; i += ${size}u) {
      let row = first_row + i / ${hidden}u;
      let column = i % ${hidden}u;
      if (row < params.batch) {
        let place = (t * params.batch + row) * ${hidden}u + column;
        var v = ${inPlace ? "state" : "addend"}[place];
        for (var s = 0u; s < ${slices}u; s++) {
          v += partial[(i / ${hidden}u) * ${size}u + s * ${groups}u + column / 4u][column % 4u];
        }
#if ${backward}
        let y = step_value(v, outputs[place]);
#else
        let y = step_value(v);
#endif
        memory[i] = y;
        state[place] = y;
      }
    }
    workgroupBarrier();
  }
}
`;
}
