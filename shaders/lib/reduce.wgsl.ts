/**
 * What is reduced, as WGSL over `V`, which is f32 or vec4<f32> (four independent reductions): a `State`, `start()`, `accept(state, x)`,
 * `merge(a, b)` of two states and `finish(state)`. `rotate2` and `rotate1` move lanes of a vec4 state, for `fold`, which merges the
 * four into one that stands in every lane.
 */
export interface Reduction {
  readonly name: string;
  /** Names of the fields of State, which are of type V; one named `bits` is of type U, u32 or vec4<u32>. */
  readonly fields: readonly string[];
  /** Accepting an element is so cheap that four loads are made at a time. */
  readonly cheap?: boolean;
  /** Value of each field before the first element; an expression of type f32 (u32 for `bits`), which may use `params.empty`, its bits. */
  readonly start: readonly string[];
  /** Statements that compute the new `state` from `x`. */
  readonly accept: string;
  /** Statements that compute `a` from `a` and `b`. */
  readonly merge: string;
  /** Expression over `state`. */
  readonly finish: string;
}

/** The type of a field of State. */
export const stateType = (field: string): "U" | "V" => (field === "bits" ? "U" : "V");

/** The functions above for one reduction; `vector` makes V a vec4. */
export function reductionLibrary(reduction: Reduction, vector: boolean): string {
  const { fields, start } = reduction;
  const swizzled = (lanes: string) => fields.map((field) => `state.${field}.${lanes}`).join(", ");
  const fold = `
fn fold(state: State) -> State {
  let pair = merge_states(state, State(${swizzled("zwxy")}));
  return merge_states(pair, State(${swizzled("yxwz").replaceAll("state.", "pair.")}));
}`;
  return `
alias V = ${vector ? "vec4<f32>" : "f32"};
alias U = ${vector ? "vec4<u32>" : "u32"};
struct State {
  ${fields.map((field) => `${field}: ${stateType(field)},`).join("\n  ")}
}
fn start_state() -> State {
  return State(${start.map((value, i) => `${stateType(fields[i])}(${value})`).join(", ")});
}
fn accept(before: State, x: V) -> State {
  var state = before;
  ${reduction.accept}
  return state;
}
fn merge_states(before: State, b: State) -> State {
  var a = before;
  ${reduction.merge}
  return a;
}
fn finish(state: State) -> V {
  return ${reduction.finish};
}
${vector ? fold : "fn fold(state: State) -> State {\n  return state;\n}"}
`;
}
