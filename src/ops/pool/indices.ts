import { poolWinnersShader } from "../../../shaders/pool_winners.wgsl.ts";
import { check } from "../../errors.ts";
import { read, write } from "../../graph/kernel.ts";
import { onDemand } from "../../graph/on-demand.ts";
import type { Call, Op } from "../../graph/op.ts";
import { formatType, sameShape, sizeOf } from "../../graph/types.ts";
import type { Pair, Window } from "../window.ts";
import { eachTap, type Geometry, winnerAt, winnerForm, winnersType } from "./geometry.ts";
import { lowerPool } from "./lower.ts";

const winnersShader = /* @__PURE__ */ onDemand(poolWinnersShader);

export interface IndicesAttributes {
  readonly window: Window;
  /** The plane that was pooled, [H, W]. */
  readonly plane: Pair;
  readonly c: number;
}

const geometryOf = ({
  inputs: [winners],
  attributes: { window, plane, c },
}: Pick<Call<IndicesAttributes>, "inputs" | "attributes">): Geometry => ({
  n: winners.shape[0],
  c,
  plane,
  counts: [winners.shape[1], winners.shape[2]],
  window,
});

/** iy·W + ix of each winner of max pooling, i32[N, OH, OW, C]. */
export const maxPoolIndicesOp: Op<IndicesAttributes> = {
  name: "maxPoolIndices",
  shape(inputs, attributes) {
    const [winners] = inputs;
    const fits = winners?.dtype === "u32" && winners.shape.length === 4;
    check(
      fits,
      "dtype",
      () => `maxPoolIndices: winners are ${winners ? formatType(winners) : String(winners)}; they come from max pooling`,
    );
    const geometry = geometryOf({ inputs, attributes });
    const expected = winnersType(geometry);
    check(
      sameShape(winners.shape, expected.shape),
      "shape",
      () => `maxPoolIndices: winners are ${formatType(winners)}; expected ${formatType(expected)}`,
    );
    return [{ dtype: "i32", shape: [geometry.n, ...geometry.counts, geometry.c] }];
  },
  reference(call, [winners], [indices]) {
    const geometry = geometryOf(call);
    const { n, c, counts } = geometry;
    const form = winnerForm(c, geometry.window);
    for (let image = 0; image < n; image++)
      eachTap(geometry, (o, i, position) => {
        for (let channel = 0; channel < c; channel++) {
          const at = (image * counts[0] * counts[1] + o) * c + channel;
          if (winnerAt(winners, form, at) === position) indices[at] = i;
        }
      });
  },
  gradient: () => [undefined],
  below: ({ attributes: { plane } }) => plane[0] * plane[1],
  kernels: [
    {
      name: "scalar",
      allowed: () => true,
      plan: (call) => {
        const geometry = geometryOf(call);
        return lowerPool(geometry, {
          name: "max pool indices",
          wgsl: winnersShader({ winners: winnerForm(geometry.c, geometry.window), result: "indices" }),
          bindings: { winners: read("u32"), y: write("i32") },
          operands: { winners: { input: 0 }, y: { output: 0 } },
          grid: geometry.counts,
          vector: false,
        });
      },
    },
  ],
  cost: ({ inputs: [winners], outputs: [indices] }) => ({ flops: 0, bytes: 4 * (sizeOf(winners.shape) + sizeOf(indices.shape)) }),
  error: () => [0],
};
