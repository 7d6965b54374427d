import { each } from "./matmul-step.wgsl.ts";

/** Terms that a pass through workgroup memory takes. */
export const TERMS = 8;

/**
 * A tile of 64 × 64 sums through workgroup memory: `tile_a` and `tile_b` hold 8 terms of 64 rows (columns) as 128 vec4.
 * Four terms of one row stand together (`along`): row r lies at (r mod 4)·16 + r / 4 of its half, so that neighbouring invocations, which
 * own four rows each, read neighbours. Else four rows of one term, in the order of rows.
 */
export const tileMemory = `
var<workgroup> tile_a: array<vec4<f32>, 128>;
var<workgroup> tile_b: array<vec4<f32>, 128>;
`;

/** Where the invocation \`number\` of 128 stores what it loads: with `along` four terms of row number / 2, else four rows of term number / 16. */
export const tileSlot = (along: boolean): string => (along ? "(number % 2u) * 64u + (number / 2u % 4u) * 16u + number / 8u" : "number");

function reads(name: "a" | "b", along: boolean, owner: "x" | "y") {
  const lines = each(
    4,
    (i) => `let ${name}${i} = tile_${name}[${along ? `half * 64u + ${16 * i}u` : `(half * 4u + ${i}u) * 16u`} + ${owner}];`,
  );
  /** Term t of the row (column) i of the invocation. */
  const value = (i: number, t: number) => (along ? `${name}${i}.${"xyzw"[t]}` : `${name}${t}.${"xyzw"[i]}`);
  return { lines, value };
}

/** Adds the 8 terms to c0 to c3, the four sums of each of the four rows 4·y + r of the invocation (x, y): columns 4·x to 4·x + 3. */
export function tileProducts(alongA: boolean, alongB: boolean): string {
  const a = reads("a", alongA, "y");
  const b = reads("b", alongB, "x");
  return `
    workgroupBarrier();
    for (var half = 0u; half < 2u; half += 1u) {
${a.lines}
${b.lines}
${each(16, (i) => {
  const [t, r] = [i >> 2, i & 3];
  return `c${r} = fma(vec4<f32>(${a.value(r, t)}), vec4<f32>(${[0, 1, 2, 3].map((j) => b.value(j, t)).join(", ")}), c${r});`;
})}
    }
    workgroupBarrier();`;
}
