import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";

export interface MatmulStridedOptions {
  readonly activation?: { readonly library: string; readonly expression: string };
}

/** Params in order. Strides are in elements: how far a row (column) and the next term of a sum lie. */
export const stridedParams = {
  m: "u32",
  n: "u32",
  k: "u32",
  a_row: "u32",
  a_term: "u32",
  a_matrix: "u32",
  b_column: "u32",
  b_term: "u32",
  b_matrix: "u32",
  /** The bias counts: 1, or 0 where something else stands in its place. */
  biased: "u32",
} as const;

/** Rows and columns of C that an invocation computes. */
export const STRIDED_TILE = 4;
/** Invocations of a workgroup, along the columns and along the rows. */
export const STRIDED_WORKGROUP = [4, 16] as const;

const LANES = ["x", "y", "z", "w"] as const;
const each = (line: (lane: string, i: number) => string, separator = "\n"): string => LANES.map(line).join(separator);

/**
 * C[m, n] = f(Σ_k A[m, k]·B[k, n] + bias[n]) for small products, by strides: one source, and so one pipeline, for every transposition, every
 * size and with or without bias. It compiles in a tenth of the time of the large tiles, which small products never win back.
 *
 * Shapes: A [M, K] or [K, M], B [K, N] or [N, K], bias [N], C [M, N], all row-major; a batch of matrices along z.
 * An invocation computes 4 × 4 of C in registers. Rows and columns beyond the last are the last once more: the same invocation computes
 * them again and stores the same value again, which compiles to less than sixteen conditions.
 * Cost of a term: 8 loads for 16 multiply-adds.
 */
export const matmulStrided = ({ activation }: MatmulStridedOptions): string => wgsl`
struct Params {
${Object.entries(stridedParams)
  .map(([name, type]) => `  ${name}: ${type},`)
  .join("\n")}
}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;
#if ${activation !== undefined}
${activation?.library}
fn activate(x: f32) -> f32 { return ${activation?.expression}; }
#endif
@compute @workgroup_size(${STRIDED_WORKGROUP.join(", ")})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x * ${STRIDED_TILE}u;
  let row = id.y * ${STRIDED_TILE}u;
  if (column >= params.n || row >= params.m) { return; }
  let four = vec4<u32>(0u, 1u, 2u, 3u);
  let rows = min(row + four, vec4<u32>(params.m - 1u));
  let columns = min(column + four, vec4<u32>(params.n - 1u));
  var from_a = id.z * params.a_matrix + rows * params.a_row;
  var from_b = id.z * params.b_matrix + columns * params.b_column;
${each((_, r) => `  var c${r} = vec4<f32>();`)}
  for (var k = 0u; k < params.k; k++) {
    let terms = vec4<f32>(${each((lane) => `b[from_b.${lane}]`, ", ")});
${each((lane, r) => `    c${r} = fma(vec4<f32>(a[from_a.${lane}]), terms, c${r});`)}
    from_a += params.a_term;
    from_b += params.b_term;
  }
  var addend = vec4<f32>();
  if (params.biased != 0u) { addend = vec4<f32>(${each((lane) => `bias[columns.${lane}]`, ", ")}); }
${each(
  (lane, r) => `  {
    let to = (id.z * params.m + rows.${lane}) * params.n + columns;
    let y = c${r} + addend;
${each((j) => `    c[to.${j}] = ${activation ? `activate(y.${j})` : `y.${j}`};`)}
  }`,
)}
}
`;
