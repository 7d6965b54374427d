import type { Call, DeviceTraits, Lowering, Variant } from "../../graph/op.ts";
import { sizeOf, type TensorType } from "../../graph/types.ts";
import { normalizeAxis } from "../softmax/define.ts";

/** x as rows of n elements. */
export function rowsOf(x: TensorType, axis: number): { rows: number; n: number } {
  const from = normalizeAxis("layerNorm", x, axis);
  return { rows: sizeOf(x.shape.slice(0, from)), n: sizeOf(x.shape.slice(from)) };
}

export type RowKind = "rows" | "workgroup" | "split";

/** Rows longer than this go in parts on a GPU, and are not one invocation's work on a processor core. */
const LONG_ROW = 16384;

/** One invocation takes a row, or a workgroup does, or the row is cut into parts and takes several dispatches. */
export function rowVariants<A>(
  view: (call: Call<A>) => { rows: number; n: number },
  plan: (kind: RowKind, call: Call<A>, device: DeviceTraits) => Lowering,
): readonly Variant<A>[] {
  const preference = (kind: RowKind, { rows, n }: { rows: number; n: number }, device: DeviceTraits): number => {
    const long = n > LONG_ROW || (device.software && rows < 16 && n > 2048);
    if (long) return kind === "split" ? 2 : 0;
    if (kind === "split") return -1;
    const alone = device.software || n < 32;
    return (kind === "rows") === alone ? 1 : 0;
  };
  return (["rows", "workgroup", "split"] as const).map((kind) => ({
    name: kind,
    allowed: () => true,
    preference: (call, device) => preference(kind, view(call), device),
    plan: (call, device) => (sizeOf(call.inputs[0].shape) === 0 ? { dispatches: [] } : plan(kind, call, device)),
  }));
}

/** Strides over [rows, n] of a tensor that is like x, has one value for each row, or one for each place in a row. */
export const rowStrides = (n: number) => ({ whole: [n, 1], row: [1, 0], place: [0, 1] });

/** Invocations that share a row. */
export const sharing = (kind: RowKind, n: number): 0 | 64 | 256 => (kind === "rows" ? 0 : n > 512 ? 256 : 64);
