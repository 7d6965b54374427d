/** What a matrix product does to each sum before it stores it. */
export interface Epilogue {
  /** Adds bias[column]; the kernel then has a binding `bias` after `b`. */
  readonly bias: boolean;
  /** WGSL functions that `expression` needs, and an expression over `x`, an f32. */
  readonly activation?: { readonly library: string; readonly expression: string };
}

/** How the operands lie in memory, as far as it changes the code. */
export interface MatmulLayout {
  /** `a` holds [K, M] instead of [M, K]; `b` holds [N, K] instead of [K, N]. */
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** The contiguous size is a multiple of 4, so that the operand is bound as vec4. `vectorC` is for output and bias. */
  readonly vectorA: boolean;
  readonly vectorB: boolean;
  readonly vectorC: boolean;
  /** K is no multiple of 4: the last step of the sum is masked. */
  readonly raggedK: boolean;
}

/** The params of every kernel that multiplies matrices, in order; the struct below has the same fields. */
export const matmulParams = {
  m: "u32",
  n: "u32",
  k: "u32",
  k_split: "u32",
  splits: "u32",
  batches: "u32",
  batch_inner: "u32",
  a_outer: "u32",
  a_inner: "u32",
  a_base: "u32",
  b_outer: "u32",
  b_inner: "u32",
  b_base: "u32",
  c_base: "u32",
} as const;

const element = (vector: boolean) => (vector ? "vec4<f32>" : "f32");

/** Bindings a, b, (bias), c and params. */
export const matmulBindings = (layout: MatmulLayout, bias: boolean): string => `
@group(0) @binding(0) var<storage, read> a: array<${element(layout.vectorA)}>;
@group(0) @binding(1) var<storage, read> b: array<${element(layout.vectorB)}>;
${bias ? `@group(0) @binding(2) var<storage, read> bias: array<${element(layout.vectorC)}>;` : ""}
@group(0) @binding(${bias ? 3 : 2}) var<storage, read_write> c: array<${element(layout.vectorC)}>;
struct Params {
${Object.keys(matmulParams)
  .map((name) => `  ${name}: u32,`)
  .join("\n")}
}
@group(0) @binding(${bias ? 4 : 3}) var<uniform> params: Params;
`;

/**
 * Which tile of which matrix and which part of the sum the tile number `index` stands for. Columns run fastest, then rows, then
 * matrices, then splits of K. Offsets of the matrices are in elements. A tile with `rows == 0` lies beyond the last.
 */
export const matmulTile = `
struct Tile {
  row: u32,
  column: u32,
  k_begin: u32,
  k_end: u32,
  a: u32,
  b: u32,
  c: u32,
  inside: bool,
}
fn tile_of(index: u32, tile_rows: u32, tile_columns: u32) -> Tile {
  let across = (params.n + tile_columns - 1u) / tile_columns;
  let down = (params.m + tile_rows - 1u) / tile_rows;
  let plane = index / (across * down);
  let matrix = plane % params.batches;
  let split = plane / params.batches;
  let outer = matrix / params.batch_inner;
  let inner = matrix % params.batch_inner;
  var tile: Tile;
  tile.row = ((index / across) % down) * tile_rows;
  tile.column = (index % across) * tile_columns;
  tile.k_begin = min(split * params.k_split, params.k);
  tile.k_end = min(tile.k_begin + params.k_split, params.k);
  tile.a = params.a_base + outer * params.a_outer + inner * params.a_inner;
  tile.b = params.b_base + outer * params.b_outer + inner * params.b_inner;
  tile.c = params.c_base + plane * params.m * params.n;
  tile.inside = split < params.splits;
  return tile;
}
`;

/** What a value goes through last: vec4 `z` after the activation, as an expression. Needs {@link epilogueLibrary}. */
export const activated = ({ activation }: Epilogue, z: string): string =>
  activation ? `vec4<f32>(${[..."xyzw"].map((lane) => `activate(${z}.${lane})`).join(", ")})` : z;

/** `addend(column)`: four biases, of which there are as many as the param `biases` says. And `activate`, where there is an activation. */
export function epilogueLibrary(vector: boolean, { bias, activation }: Epilogue, biases = "n"): string {
  const last = `params.${biases} - 1u`;
  return `
${activation ? `${activation.library}\nfn activate(x: f32) -> f32 { return ${activation.expression}; }` : ""}
fn addend(column: u32) -> vec4<f32> {
${
  !bias
    ? "  return vec4<f32>();"
    : vector
      ? `  return bias[min(column / 4u, params.${biases} / 4u - 1u)];`
      : `  return vec4<f32>(${[0, 1, 2, 3].map((i) => `bias[min(column + ${i}u, ${last})]`).join(", ")});`
}
}
`;
}

/**
 * `store(at, column, sums)`: four sums that belong at element `at` of C, from `column` of their row on, as far as they lie inside the
 * row; after bias and activation. `addend(column)` loads the bias once for all rows.
 */
export function matmulStore(vector: boolean, epilogue: Epilogue, biases = "n"): string {
  return `
${epilogueLibrary(vector, epilogue, biases)}
fn store(at: u32, column: u32, sums: vec4<f32>, addends: vec4<f32>) {
  let z = sums${epilogue.bias ? " + addends" : ""};
  let y = ${activated(epilogue, "z")};
${
  vector
    ? "  if (column < params.n) { c[at / 4u] = y; }"
    : [0, 1, 2, 3].map((i) => `  if (column + ${i}u < params.n) { c[at + ${i}u] = y.${"xyzw"[i]}; }`).join("\n")
}
}
`;
}

/**
 * `load_a(start, j)`: four neighbours, from j on, of the stored row that begins at element `start`; `load_b` alike. As vec4, both are
 * in units of vec4 and j lies inside the row; else what lies behind the row's end is replaced by its last element.
 */
export function matmulLoads(layout: MatmulLayout): string {
  const load = (name: "a" | "b", vector: boolean, size: string) =>
    vector
      ? `fn load_${name}(start: u32, j: u32) -> vec4<f32> { return ${name}[start + j]; }`
      : `fn load_${name}(start: u32, j: u32) -> vec4<f32> {
  let last = params.${size} - 1u;
  return vec4<f32>(${[0, 1, 2, 3].map((i) => `${name}[start + min(j + ${i}u, last)]`).join(", ")});
}`;
  return `
${load("a", layout.vectorA, layout.transposeA ? "m" : "k")}
${load("b", layout.vectorB, layout.transposeB ? "k" : "n")}
`;
}
