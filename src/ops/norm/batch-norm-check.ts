import { check } from "../../errors.ts";
import { formatType, type TensorType } from "../../graph/types.ts";
import { checkShape } from "./common.ts";

/** x [..., C] with vectors of C values. */
export function checkChannels(op: string, x: TensorType, vectors: Readonly<Record<string, TensorType>>): TensorType {
  check(x.shape.length >= 1, "shape", () => `${op}: x is ${formatType(x)}; it needs an axis of channels, the last`);
  for (const [name, type] of Object.entries(vectors)) checkShape(op, name, type, [x.shape[x.shape.length - 1]], x);
  return x;
}
