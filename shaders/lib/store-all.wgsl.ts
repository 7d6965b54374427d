/** What {@link storeAll} stores: `count` times `each` sums that are in registers. */
export interface StoreAll {
  readonly count: number;
  readonly each: number;
  /** Their names, as a list for WGSL. */
  sums(i: number): string;
  /** Expressions of type u32, if they are needed, which `body` finds as `targets[…]`. */
  readonly targets?: readonly string[];
  /** Statements that store number `i`, given as an expression. */
  body(sums: string): string;
}

/**
 * Stores sums in a loop: they pass through memory of the invocation's own, so that the code has one store instead of one for each. A
 * software GPU takes 4 to 5 ms to compile each access to a buffer, and sums are stored once.
 */
export const storeAll = ({ count, each, sums, targets, body }: StoreAll): string => `
  var sums = array<${each > 1 ? `array<vec4<f32>, ${each}>` : "vec4<f32>"}, ${count}>(
${Array.from({ length: count }, (_, i) => `    ${each > 1 ? `array<vec4<f32>, ${each}>(${sums(i)})` : sums(i)},`).join("\n")}
  );
${
  targets
    ? `  var targets = array<u32, ${targets.length}>(
${targets.map((target) => `    ${target},`).join("\n")}
  );`
    : ""
}
  for (var i = 0u; i < ${count}u; i++) {
    ${body("sums[i]")}
  }`;
