import { flatten } from "../../ops/shape/reshape.ts";
import type { Layer } from "../layer.ts";

/** All axes but the first as one: [N, …] → [N, features]. Between convolutions and `dense`. */
export const flattenLayer = (): Layer => ({ name: "flatten", apply: (x) => flatten(x) });
