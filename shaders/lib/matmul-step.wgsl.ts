import type { MatmulLayout } from "./matmul.wgsl.ts";

/** What one invocation adds to its sums in one step of four terms, with sums in registers. */
export interface MatmulStep {
  readonly layout: MatmulLayout;
  /** Sums that one invocation keeps: rows × columns, columns a multiple of 4; with `quad` rows too. */
  readonly rows: number;
  readonly columns: number;
  /** The four invocations of a quad take neighbouring columns of the same rows, and each loads a quarter of `a` for all. */
  readonly quad: boolean;
  /** In a quad: two of them do so with half of `a`, the others with rows of their own. `a` must not be transposed. */
  readonly pairs?: boolean;
}

/** How many invocations take the same rows. */
export const sharers = ({ quad, pairs = false }: Pick<MatmulStep, "quad" | "pairs">): 1 | 2 | 4 => (quad ? (pairs ? 2 : 4) : 1);

const LANES = ["x", "y", "z", "w"];
/** What invocation `lane` reads with SWAPS[p] is what invocation `lane ^ p` has: far cheaper than quadBroadcast on SwiftShader. */
const SWAPS = ["", "quadSwapX", "quadSwapY", "quadSwapDiagonal"];
/** `value` of invocation lane ^ p. */
export const swapped = (p: number, value: string): string => (p === 0 ? value : `${SWAPS[p]}(${value})`);
export const each = (count: number, line: (i: number) => string): string => Array.from({ length: count }, (_, i) => line(i)).join("\n");

/**
 * How four terms of `a`, beginning at k, come in: statements before the step, statements right before the multiply-adds of row r (where
 * few values are alive, which software compilers need), and the term t of row r as an expression. In a quad, the sums of an
 * invocation belong to rows in an order of its own, or its terms come in an order of their own (`termOf`).
 */
function loadA(step: MatmulStep, termOf: (t: number) => string) {
  const { layout, rows, quad } = step;
  const { raggedK, transposeA } = layout;
  const groups = Math.ceil(rows / 4);
  const term = (t: string) => (raggedK ? `min(k + ${t}, params.k - 1u)` : `(k + ${t})`);
  const oneTerm = (load: string, t: string) => (raggedK ? `select(vec4<f32>(), ${load}, k + ${t} < k_end)` : load);
  const fourTerms = (load: string) => (raggedK ? `select(vec4<f32>(), ${load}, terms < vec4<u32>(k_end))` : load);
  if (transposeA) {
    const load = (t: string, group: number) => oneTerm(`load_a(a_start + ${term(t)} * a_stride, row${group})`, t);
    return {
      before: quad ? each(groups, (i) => `let q${i} = ${load("lane", i)};`) : "",
      row: (r: number) =>
        r % 4 > 0 ? "" : each(4, (t) => `let a${t}_${r / 4} = ${quad ? swapped(t, `q${r / 4}`) : load(termOf(t), r / 4)};`),
      a: (r: number, t: number) => `a${t}_${r >> 2}.${LANES[r & 3]}`,
    };
  }
  const load = (i: number) => fourTerms(`load_a(row${i}, ${layout.vectorA ? "k / 4u" : "k"})`);
  const share = sharers(step);
  return {
    before: quad ? each(Math.ceil(rows / share), (i) => `let q${i} = ${load(i)};`) : "",
    row: (r: number) => `let a${r} = ${quad ? swapped(r % share, `q${Math.floor(r / share)}`) : load(r)};`,
    a: (r: number, t: number) => `a${r}.${LANES[t]}`,
  };
}

/** Statements that load four terms of `b`: afterwards b{t}_{j} holds term t of the four columns j. */
function loadB({ layout, columns, quad }: MatmulStep, termOf: (t: number) => string): string {
  const across = columns / 4;
  const term = (t: string) => (layout.raggedK ? `min(k + ${t}, params.k - 1u)` : `(k + ${t})`);
  // Beyond the last term both are 0: with a alone, 0 · ∞ would be NaN.
  if (!layout.transposeB)
    return each(4 * across, (i) => {
      const load = `load_b(b_start + ${term(termOf(i & 3))} * b_stride, column${i >> 2})`;
      return `let b${i & 3}_${i >> 2} = ${layout.raggedK ? `select(vec4<f32>(), ${load}, k + ${termOf(i & 3)} < k_end)` : load};`;
    });
  const k = layout.vectorB ? "k / 4u" : "k";
  const pick = (t: number) => (quad && layout.transposeA ? `[${termOf(t)}]` : `.${LANES[t]}`);
  const loads = each(columns, (j) => {
    const load = `load_b(column${j}, ${k})`;
    return `let t${j} = ${layout.raggedK ? `select(vec4<f32>(), ${load}, terms < vec4<u32>(k_end))` : load};`;
  });
  const gather = (t: number, j: number) => [0, 1, 2, 3].map((l) => `t${4 * j + l}${pick(t)}`).join(", ");
  return `${loads}\n${each(4 * across, (i) => `let b${i & 3}_${i >> 2} = vec4<f32>(${gather(i & 3, i >> 2)});`)}`;
}

/** Statements of four terms of every sum, beginning at `k`: loads the fragments of a and b, then rows × columns × 4 multiply-adds. */
export function matmulStep(options: MatmulStep): string {
  const { layout, rows, columns, quad } = options;
  const across = columns / 4;
  // Term t of a step; where each invocation of a quad has loaded one term of a, the one of lane ^ t.
  const termOf = (t: number) => (quad && layout.transposeA ? (t === 0 ? "lane" : `(lane ^ ${t}u)`) : `${t}u`);
  const { before, row, a } = loadA(options, termOf);
  const madd = (r: number, i: number) => {
    const [t, j] = [Math.floor(i / across), i % across];
    return `c${r}_${j} = fma(vec4<f32>(${a(r, t)}), b${t}_${j}, c${r}_${j});`;
  };
  const terms = layout.raggedK ? "let terms = vec4<u32>(k, k + 1u, k + 2u, k + 3u);\n" : "";
  return `${terms}${before}\n${loadB(options, termOf)}\n${each(rows, (r) => `${row(r)}\n${each(4 * across, (i) => madd(r, i))}`)}`;
}

/**
 * Statements before the first step: sums c{r}_{j} = 0, and where the rows of a and b begin, in units of what is bound (f32 or vec4).
 * They need `tile`, `column` (the invocation's first) and, in a quad, `lane`.
 */
export function matmulStart({ layout, rows, columns, quad }: MatmulStep): string {
  const { transposeA, transposeB, vectorA, vectorB } = layout;
  const groups = Math.ceil(rows / 4);
  const across = columns / 4;
  const [unitA, unitB] = [vectorA ? 4 : 1, vectorB ? 4 : 1];
  // Rows and columns outside the matrix are replaced by its last; what they give is not stored.
  const group = (vector: boolean, at: string, size: string) => (vector ? `min((${at}) / 4u, params.${size} / 4u - 1u)` : at);
  const rowStart = (i: number) =>
    `let row${i} = a_start + min(tile.row + ${quad ? `${4 * i}u + lane` : `${i}u`}, params.m - 1u) * a_stride;`;
  return `
let a_start = tile.a / ${unitA}u;
let a_stride = params.${transposeA ? "m" : "k"} / ${unitA}u;
let b_start = tile.b / ${unitB}u;
let b_stride = params.${transposeB ? "k" : "n"} / ${unitB}u;
${transposeA ? each(groups, (i) => `let row${i} = ${group(vectorA, `tile.row + ${4 * i}u`, "m")};`) : each(quad ? groups : rows, rowStart)}
${
  transposeB
    ? each(columns, (j) => `let column${j} = b_start + min(column + ${j}u, params.n - 1u) * b_stride;`)
    : each(across, (j) => `let column${j} = ${group(vectorB, `column + ${4 * j}u`, "n")};`)
}
${each(rows * across, (i) => `var c${Math.floor(i / across)}_${i % across} = vec4<f32>();`)}`;
}

/** Statements that store the sums. In a quad, the r-th sum of an invocation may belong to a row of its own. */
export function matmulFinish({ layout, rows, columns, quad }: MatmulStep): string {
  const across = columns / 4;
  const rowOf = (r: number) => (quad && !layout.transposeA ? `${r & ~3}u + (lane ^ ${r & 3}u)` : `${r}u`);
  const storeRow = (r: number) => `{
  let row = tile.row + ${rowOf(r)};
  if (row < params.m) {
    let at = tile.c + row * params.n + column;
${each(across, (j) => `    store(at + ${4 * j}u, column + ${4 * j}u, c${r}_${j}, addend${j});`)}
  }
}`;
  return `
${each(across, (j) => `let addend${j} = addend(column + ${4 * j}u);`)}
${each(rows, storeRow)}`;
}
