import type { Call } from "../../graph/op.ts";
import { sizeOf, type TensorType } from "../../graph/types.ts";
import type { Reduction } from "./common.ts";

export interface SquaredErrorAttributes {
  readonly reduction: Reduction;
  /** The third input is a mask over the leading axes. */
  readonly mask: boolean;
}

/** Elements that one value of the mask stands for. */
export const maskWidth = (inputs: readonly TensorType[], mask: boolean): number =>
  mask ? sizeOf(inputs[0].shape) / sizeOf(inputs[2].shape) : 1;

/** Whether rows of vec4 fit: the size, and with a mask each of its rows. */
export const squaredErrorFitsVec4 = ({ inputs, attributes }: Call<{ readonly mask: boolean }>): boolean =>
  (attributes.mask ? maskWidth(inputs, true) : sizeOf(inputs[0].shape)) % 4 === 0;
