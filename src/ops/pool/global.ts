import { checkOptions } from "../../errors.ts";
import { checkTensor } from "../pointwise/define.ts";
import { mean } from "../reduce/sums.ts";
import { checkImages } from "./geometry.ts";
import { type Images, lpPool2d, maxPool2d } from "./public.ts";

function checked(op: string, x: Images): Images {
  checkTensor(op, "x", x);
  checkImages(op, "x", x);
  return x;
}

/** The maximum of each plane: [N, H, W, C] → [N, 1, 1, C]. The first of equal maxima, row by row, gets the gradient. */
export function globalMaxPool2d(x: Images): Images {
  const [, h, w] = checked("globalMaxPool2d", x).shape;
  // The first maximum of the rows' first maxima is the first of all; two steps keep more of the device busy.
  const rows = w > 1 && h > 1 ? maxPool2d(x, { size: [1, w] }) : x;
  return maxPool2d(rows, { size: [h, rows.shape[2]] });
}

/** The average of each plane: [N, H, W, C] → [N, 1, 1, C]. */
export function globalAveragePool2d(x: Images): Images {
  return mean(checked("globalAveragePool2d", x), { axes: [1, 2], keepDimensions: true }) as unknown as Images;
}

/** (Σ |x|^p)^(1/p) of each plane, p = 2 unless given: [N, H, W, C] → [N, 1, 1, C]. */
export function globalLpPool2d(x: Images, options: { readonly p?: number } = {}): Images {
  checkOptions("globalLpPool2d", options, ["p"]);
  const { p = 2 } = options;
  const [, h, w] = checked("globalLpPool2d", x).shape;
  return lpPool2d(x, { size: [h, w], p });
}
