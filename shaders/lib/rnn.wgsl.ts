/** What all kernels of a walk have in common. */
export interface WalkFunction {
  readonly backward: boolean;
  /** WGSL functions that the expression needs. */
  readonly library: string;
  /** Forward: f, over `x`. Backward: f′, over `y` = f(x). */
  readonly expression: string;
  /**
   * Where the state before the first step comes from. `zero`: it is 0, and the first product is left out. `last`: from `start`, by way
   * of the last step's place in `state`, which is free until that step (needs T > 1). `start`: it is read there.
   */
  readonly start: "zero" | "last" | "start";
  /** `state` already holds the addends. Not with `last`, which needs a place that is free. */
  readonly inPlace: boolean;
}

/** Params in order, all u32. The walk takes its steps `first` … `first + count − 1`; a workgroup has `rows` batch rows. */
export const walkParams = ["steps", "batch", "hidden", "first", "count", "rows"] as const;

/** Names of the bindings, in order. */
export function walkBindings({ backward, start, inPlace }: Pick<WalkFunction, "backward" | "start" | "inPlace">): string[] {
  return [...(inPlace ? [] : ["addend"]), "weights", ...(start === "zero" ? [] : ["start"]), ...(backward ? ["outputs"] : []), "state"];
}

/** The bindings as arrays of `type`, and the struct of the params. */
export const walkDeclarations = (options: Pick<WalkFunction, "backward" | "start" | "inPlace">, type: string): string => `${walkBindings(
  options,
)
  .map((name, i) => `@group(0) @binding(${i}) var<storage, ${name === "state" ? "read_write" : "read"}> ${name}: array<${type}>;`)
  .join("\n")}
struct Params {
  ${walkParams.map((name) => `${name}: u32,`).join("\n  ")}
}`;

/** `t`, the time of step `index` of the walk; `time_before`, where its state before stands; `has_product`, whether there is one. */
export function walkTime({ backward, start }: Pick<WalkFunction, "backward" | "start">): string {
  const before = backward
    ? "min(t + 1u, params.steps - 1u)"
    : { last: "select(t - 1u, params.steps - 1u, t == 0u)", start: "0u", zero: "max(t, 1u) - 1u" }[start];
  return `let t = ${backward ? "params.steps - 1u - index" : "index"};
    let time_before = ${before};
    let has_product = ${start === "zero" ? "index > 0u" : "true"};`;
}

/** `step_value(x)` = f(x) forward, `step_value(x, y)` = x·f′(y) backward. */
export const walkFunction = ({ backward, library, expression }: WalkFunction): string =>
  backward
    ? `${library}
fn step_value(x: f32, y: f32) -> f32 {
  return x * (${expression});
}`
    : `${library}
fn step_value(x: f32) -> f32 {
  return ${expression};
}`;
