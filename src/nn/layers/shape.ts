import { check, describe } from "../../errors.ts";
import { formatShape, formatType, type Shape, sizeOf } from "../../graph/types.ts";
import { flatten, reshape } from "../../ops/shape/reshape.ts";
import type { Layer } from "../layer.ts";

/** All axes but the first as one: [N, …] → [N, features]. Between convolutions and `dense`. */
export const flattenLayer = (): Layer => ({ name: "flatten", apply: (x) => flatten(x) });

/**
 * Each example in another shape: [N, …] → [N, ...shape]. Between `dense` and convolutions: `reshapeLayer([7, 7, 16])`.
 * @throws UnrollError `argument` for what is no shape; `shape` when an example does not have as many values.
 */
export function reshapeLayer(shape: Shape): Layer {
  check(
    Array.isArray(shape) && shape.length > 0 && [...shape].every((n) => Number.isSafeInteger(n) && n > 0),
    "argument",
    () =>
      `reshapeLayer: give the sizes of one example, such as [7, 7, 16], not ${Array.isArray(shape) ? formatShape([...shape].map(describe) as never) : describe(shape)}`,
  );
  const sizes = [...shape];
  return {
    name: "reshape",
    apply(x) {
      check(
        x.shape.length > 0 && sizeOf(x.shape.slice(1)) === sizeOf(sizes),
        "shape",
        () =>
          `reshapeLayer: the input is ${formatType(x)}: an example of it cannot become ${formatShape(sizes)}, which has ${sizeOf(sizes)} values`,
      );
      return reshape(x, [x.shape[0], ...sizes]);
    },
  };
}
