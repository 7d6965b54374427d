export interface OrderOptions {
  /** What the bits are. */
  readonly dtype: "f32" | "i32" | "u32";
  /** Small values come first instead of large ones. */
  readonly smallest?: boolean;
  /** Four at a time. */
  readonly vector?: boolean;
}

/**
 * `key_of(bits)`: a u32 that is the larger the earlier a value comes in order, for `K` = u32 or vec4<u32>. Values that are equal have
 * equal keys, −0 and 0 too; NaN comes before all else, whichever the direction. Integers are compared, because WGSL lets a GPU assume
 * that no float is NaN, and lets it flush small ones to 0.
 */
export function orderLibrary({ dtype, smallest = false, vector = false }: OrderOptions): string {
  const turned = smallest ? "~" : "";
  const type = `alias K = ${vector ? "vec4<u32>" : "u32"};`;
  if (dtype !== "f32")
    return `${type}
fn key_of(bits: K) -> K { return ${turned}(bits ^ K(${dtype === "i32" ? "0x80000000u" : "0u"})); }
`;
  return `${type}
fn key_of(bits: K) -> K {
  let magnitude = bits & K(0x7fffffffu);
  let ordered = select(bits | K(0x80000000u), ~bits, bits > K(0x7fffffffu));
  let key = select(ordered, K(0x80000000u), magnitude == K(0u));
  return select(${turned}key, K(0xffffffffu), magnitude > K(0x7f800000u));
}
`;
}

/** `State`, a key and where it is; `first_of(a, b)`: the one that comes first in order, of equal ones that with the lower index. */
export const firstLibrary = `
struct State {
  key: u32,
  at: u32,
}
fn first_of(a: State, b: State) -> State {
  if (b.key > a.key || (b.key == a.key && b.at < a.at)) { return b; }
  return a;
}
`;

/** WGSL in which all invocations of a workgroup come to know the first of their states; `lane` 0 has it in `state`. */
export const joinStates = (invocations: number): string => `
  shared_keys[lane] = state.key;
  shared_places[lane] = state.at;
  workgroupBarrier();
  for (var half = ${invocations / 2}u; half > 0u; half >>= 1u) {
    if (lane < half) {
      state = first_of(state, State(shared_keys[lane + half], shared_places[lane + half]));
      shared_keys[lane] = state.key;
      shared_places[lane] = state.at;
    }
    workgroupBarrier();
  }`;

/** The workgroup memory that {@link joinStates} needs. */
export const sharedStates = (invocations: number): string => `
var<workgroup> shared_keys: array<u32, ${invocations}>;
var<workgroup> shared_places: array<u32, ${invocations}>;`;
