import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { type WalkFunction, walkBindings, walkDeclarations, walkFunction, walkTime } from "./lib/rnn.wgsl.ts";

export interface RnnRegistersOptions extends WalkFunction {
  /** H, which unrolls the product. */
  readonly hidden: number;
  /** Columns of an invocation. More load less; fewer compile faster. */
  readonly columns: 2 | 4;
  /** The four invocations of a quad share the loads of the state (see rnn_walk.wgsl.ts). */
  readonly quad: boolean;
}

/** Invocations of a workgroup: one for each group of columns, in whole quads. */
export const rnnRegistersSize = ({ hidden, columns }: Pick<RnnRegistersOptions, "hidden" | "columns">): number =>
  Math.ceil(hidden / (4 * columns)) * 4;

/**
 * The recurrence over time (formula, shapes and bindings as in rnn_walk.wgsl.ts), with the weights on chip.
 *
 * Workgroup: owns `params.rows` batch rows and takes steps `first` … `first + count − 1` with barriers alone. Each invocation holds the
 * weights into its columns in registers from the first step to the last, so the product is unrolled for one H and a step loads
 * nothing but the state. All buffers are read by single floats, so H need not be a multiple of 4: weights beyond H are 0.
 * Cost: weights once per workgroup; per step and row 2·H² FLOPs and H loads of the state for each invocation (for each quad with `quad`).
 */
export function rnnRegistersShader(options: RnnRegistersOptions): string {
  const { hidden, columns, quad, start, inPlace, backward } = options;
  const size = rnnRegistersSize(options);
  const type = `vec${columns}<f32>`;
  const C = [...Array(columns).keys()];
  const whole = hidden % (4 * columns) === 0;
  const names = walkBindings(options);
  const K = [...Array(hidden).keys()];
  const column = (j: number): string => (whole ? `j + ${j}u` : `min(j + ${j}u, ${hidden - 1}u)`);
  const weight = (k: number, j: number): string => {
    const value = `weights[${k * hidden}u + ${column(j)}]`;
    return whole ? value : `select(0.0, ${value}, j + ${j}u < ${hidden}u)`;
  };
  const loads = K.map((k) => `let w${k} = ${type}(${C.map((j) => weight(k, j)).join(", ")});`);
  const product = quad
    ? Array.from({ length: Math.ceil(hidden / 4) }, (_, i) => {
        const rest = K.slice(4 * i, 4 * i + 4);
        const place = rest.length === 4 ? `${4 * i}u + quad_lane` : `min(${4 * i}u + quad_lane, ${hidden - 1}u)`;
        return [
          `let a${i} = state[before + ${place}];`,
          ...rest.map((k, of) => `sum${k % 2} = fma(${type}(quadBroadcast(a${i}, ${of}u)), w${k}, sum${k % 2});`),
        ].join("\n        ");
      })
    : K.map((k) => `sum${k % 2} = fma(${type}(state[before + ${k}u]), w${k}, sum${k % 2});`);
  return wgsl`
#if ${quad}
enable subgroups;
#endif
${gridLibrary}
${walkDeclarations(options, "f32")}
@group(0) @binding(${names.length}) var<uniform> params: Params;

${walkFunction(options)}
fn finish(place: u32, column: u32, sum: f32) {
  if (column < ${hidden}u) {
    let i = place + column;
    let v = ${inPlace ? "state" : "addend"}[i] + sum;
#if ${backward}
    state[i] = step_value(v, outputs[i]);
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
  let first_row = linear_workgroup(workgroup, workgroups) * params.rows;
  if (first_row >= params.batch) {
    return;
  }
  let own_rows = min(params.rows, params.batch - first_row);
  let j = lane * ${columns}u;
#if ${quad}
  let quad_lane = lane & 3u;
#endif
  ${loads.join("\n  ")}
#if ${start === "last"}
  if (params.first == 0u) {
    let place = ((params.steps - 1u) * params.batch + first_row) * ${hidden}u;
    for (var i = lane; i < own_rows * ${hidden}u; i += ${size}u) {
      state[place + i] = start[first_row * ${hidden}u + i];
    }
    storageBarrier();
  }
#endif
  for (var index = params.first; index < params.first + params.count; index++) {
    ${walkTime(options)}
    for (var row = first_row; row < first_row + own_rows; row++) {
      let before = (time_before * params.batch + row) * ${hidden}u;
      var sum0 = ${type}();
      var sum1 = ${type}();
      if (has_product) {
        ${product.join("\n        ")}
      }
      let place = (t * params.batch + row) * ${hidden}u;
      var sum = sum0 + sum1;
      // In a loop, so that the function is compiled once: it is long beside the rest.
      for (var c = 0u; c < ${columns}u; c++) {
        finish(place, j + c, sum[c]);
      }
    }
    storageBarrier();
  }
}
`;
}
