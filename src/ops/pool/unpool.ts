import { maxSpread } from "../../../shaders/lib/pool-rules.wgsl.ts";
import { poolSpreadShader } from "../../../shaders/pool_spread.wgsl.ts";
import { poolWinnersShader } from "../../../shaders/pool_winners.wgsl.ts";
import { check } from "../../errors.ts";
import { read, write } from "../../graph/kernel.ts";
import { onDemand } from "../../graph/on-demand.ts";
import type { Call, IndexRange, Op, Variant } from "../../graph/op.ts";
import { applyOne, type F32, type Tensor } from "../../graph/tensor.ts";
import { formatType, sameShape, sizeOf, type TensorType } from "../../graph/types.ts";
import { reluGradient } from "../pointwise/activation-gradients.ts";
import { checkWindow, type Pair, resolvePair, type Window, windowCounts, windowFits } from "../window.ts";
import { checkImages, eachTap, type Geometry, type WinnerForm, winnerAt, winnerForm } from "./geometry.ts";
import { cellsOf, lowerPool, spanOf, tilesOf } from "./lower.ts";
import { sumError } from "./sum-error.ts";

const winnersShader = /* @__PURE__ */ onDemand(poolWinnersShader);

export interface UnpoolAttributes {
  readonly window: Window;
  /** The plane that was pooled, [H, W]. */
  readonly plane: Pair;
}

type Images = F32<readonly [number, number, number, number]>;

/**
 * What `winners` are for values of [N, OH, OW, C]: plane indices where they are i32, else positions as max pooling writes them.
 * @throws UnrollError `shape` or `dtype` where they fit to neither.
 */
function formOf(op: string, [n, oh, ow, c]: readonly number[], winners: TensorType | undefined, window: Window): WinnerForm {
  check(winners && Array.isArray(winners.shape), "argument", () => `${op}: indices must be a tensor, not ${String(winners)}`);
  const form = winners.dtype === "i32" ? "indices" : winnerForm(c, window);
  const expected: TensorType = { dtype: winners.dtype === "i32" ? "i32" : "u32", shape: [n, oh, ow, form === "bytes" ? c / 4 : c] };
  check(winners.dtype === "i32" || winners.dtype === "u32", "dtype", () => `${op}: indices are ${formatType(winners)}; they must be i32`);
  check(
    sameShape(winners.shape, expected.shape),
    "shape",
    () => `${op}: indices are ${formatType(winners)}; expected ${formatType(expected)}`,
  );
  return form;
}

/** Indices lie in the plane. What max pooling wrote as positions in a window needs no check. */
function planeRange(winners: TensorType, [h, w]: Pair): readonly (IndexRange | undefined)[] {
  return winners.dtype === "i32" ? [undefined, { low: 0, high: h * w - 1, of: `the ${h * w} elements of a ${h}×${w} plane` }] : [];
}

function checkPlane(op: string, counts: Pair, { window, plane }: UnpoolAttributes): void {
  checkWindow(op, window);
  resolvePair(op, "outputSize", plane, 1);
  const ceil = windowCounts(op, plane, window, true);
  const exact = windowFits(plane, window) ? windowCounts(op, plane, window) : ceil;
  check(
    [0, 1].every((axis) => counts[axis] === exact[axis] || counts[axis] === ceil[axis]),
    "shape",
    () =>
      `${op}: x has ${counts.join("×")} windows, but a plane of ${plane.join("×")} has ${exact.join("×")}${sameShape(exact, ceil) ? "" : ` (${ceil.join("×")} with ceilMode)`}`,
  );
}

const spreadGeometry = ({ inputs: [values], attributes }: Call<UnpoolAttributes>): Geometry => {
  const [n, oh, ow, c] = values.shape;
  return { n, c, plane: attributes.plane, counts: [oh, ow], window: attributes.window };
};

/** Calls `visit` with the indices of each element of [N, OH, OW, C] and of the element of [N, H, W, C] that its winner names. */
function eachWinner(
  { geometry, form, winners }: { geometry: Geometry; form: WinnerForm; winners: Float64Array },
  visit: (o: number, i: number) => void,
) {
  const { n, c, plane, counts } = geometry;
  for (let image = 0; image < n; image++)
    eachTap(geometry, (o, i, position) => {
      for (let channel = 0; channel < c; channel++) {
        const at = (image * counts[0] * counts[1] + o) * c + channel;
        if (winnerAt(winners, form, at) === (form === "indices" ? i : position)) visit(at, (image * plane[0] * plane[1] + i) * c + channel);
      }
    });
}

const spreadVariant = (cells: boolean, vector: boolean): Variant<UnpoolAttributes> => ({
  name: `${cells ? "cells" : "gather"} ${vector ? "vec4" : "scalar"}`,
  allowed: (call) => {
    const { c, window } = spreadGeometry(call);
    const form = call.inputs[1].dtype === "i32" ? "indices" : winnerForm(c, window);
    return (vector ? c % 4 === 0 : form !== "bytes") && (!cells || cellsOf(spreadGeometry(call)) !== undefined);
  },
  plan: (call, device) => {
    const geometry = spreadGeometry(call);
    const winners = call.inputs[1].dtype === "i32" ? "indices" : winnerForm(geometry.c, geometry.window);
    const grid = (cells ? cellsOf(geometry) : undefined) ?? geometry.plane;
    const span = cells && tilesOf(geometry) ? spanOf(device, geometry, grid[1]) : 1;
    return lowerPool(geometry, {
      name: `max unpool ${cells ? "cells" : "gather"} ${vector ? "vec4" : "scalar"}`,
      wgsl: poolSpreadShader({
        rule: maxSpread(vector, winners, call.inputs.length > 2),
        vector,
        cells,
        span,
        tiles: cells ? tilesOf(geometry) : undefined,
        dilated: geometry.window.dilation.some((d) => d > 1),
      }),
      bindings: {
        values: read("f32"),
        winners: read(call.inputs[1].dtype),
        ...(call.inputs.length > 2 ? { gate: read("f32") } : {}),
        dx: write("f32"),
      },
      operands: {
        values: { input: 0 },
        winners: { input: 1 },
        ...(call.inputs.length > 2 ? { gate: { input: 2 } } : {}),
        dx: { output: 0 },
      },
      grid,
      span,
      vector,
    });
  },
});

/**
 * Values at the winners of their windows and 0 elsewhere: max unpooling, and the gradient of max pooling. Where a third input of the
 * values' type is 0 or less, the value counts as 0: the gradient of relu, when pooling ends with it.
 */
export const maxUnpoolOp: Op<UnpoolAttributes> = {
  name: "maxUnpool2d",
  shape([values, winners, gate], attributes) {
    checkImages("maxUnpool2d", "x", values);
    check(
      gate === undefined || (gate.dtype === "f32" && sameShape(gate.shape, values.shape)),
      "shape",
      () => `maxUnpool2d: x is ${formatType(values)} and what gates it ${formatType(gate)}; they must be alike`,
    );
    const [n, oh, ow, c] = values.shape;
    checkPlane("maxUnpool2d", [oh, ow], attributes);
    formOf("maxUnpool2d", values.shape, winners, attributes.window);
    return [{ dtype: "f32", shape: [n, ...attributes.plane, c] }];
  },
  reference(call, [values, winners, gate], [dx]) {
    const form = formOf("maxUnpool2d", call.inputs[0].shape, call.inputs[1], call.attributes.window);
    dx.fill(0);
    eachWinner({ geometry: spreadGeometry(call), form, winners }, (o, i) => {
      if (!gate || !(gate[o] <= 0)) dx[i] += values[o];
    });
  },
  indices: ({ inputs: [, winners], attributes: { plane } }) => planeRange(winners, plane),
  gradient({ inputs: [values, winners, gate], gradients: [gradient], attributes: { window } }) {
    const back = applyOne(winnersValueOp, [gradient as Tensor, winners], { window, counts: [values.shape[1], values.shape[2]] });
    return gate ? [reluGradient(back, gate), undefined, undefined] : [back, undefined];
  },
  gated: ({ inputs: [, winners, gate], attributes }, value, by) =>
    gate ? undefined : { op: maxUnpoolOp, inputs: [value, winners, by], attributes },
  kernels: [spreadVariant(true, true), spreadVariant(true, false), spreadVariant(false, true), spreadVariant(false, false)],
  cost: ({ inputs, outputs }) => ({
    flops: sizeOf(inputs[0].shape),
    bytes: 4 * [...inputs, ...outputs].reduce((sum, type) => sum + sizeOf(type.shape), 0),
  }),
  error(call, [values, winners]) {
    if (cellsOf(spreadGeometry(call))) return [0];
    const form = formOf("maxUnpool2d", call.inputs[0].shape, call.inputs[1], call.attributes.window);
    const magnitude = new Float64Array(sizeOf(call.outputs[0].shape));
    const terms = new Float64Array(magnitude.length);
    eachWinner({ geometry: spreadGeometry(call), form, winners }, (o, i) => {
      magnitude[i] += Math.abs(values[o]);
      terms[i]++;
    });
    return [magnitude.map((sum, i) => sumError(terms[i], sum))];
  },
};

/** dLoss/dx of max pooling from dLoss/dy and its winners. */
export const maxUnpoolBy = (values: F32, winners: Tensor, window: Window, plane: Pair): Images =>
  applyOne(maxUnpoolOp, [values, winners], { window, plane });

export interface WinnersAttributes {
  readonly window: Window;
  /** Windows in the plane, [OH, OW]. */
  readonly counts: Pair;
}

const winnersGeometry = ({ inputs: [x], attributes }: Call<WinnersAttributes>): Geometry => ({
  n: x.shape[0],
  c: x.shape[3],
  plane: [x.shape[1], x.shape[2]],
  counts: attributes.counts,
  window: attributes.window,
});

/** The elements of x that the winners name: the gradient of max unpooling. */
export const winnersValueOp: Op<WinnersAttributes> = {
  name: "maxUnpool2dGradient",
  shape([x, winners], { window, counts }) {
    checkImages("maxUnpool2dGradient", "x", x);
    const [n, h, w, c] = x.shape;
    checkPlane("maxUnpool2dGradient", counts, { window, plane: [h, w] });
    formOf("maxUnpool2dGradient", [n, ...counts, c], winners, window);
    return [{ dtype: "f32", shape: [n, ...counts, c] }];
  },
  reference(call, [x, winners], [y]) {
    const form = formOf("maxUnpool2dGradient", call.outputs[0].shape, call.inputs[1], call.attributes.window);
    y.fill(0);
    eachWinner({ geometry: winnersGeometry(call), form, winners }, (o, i) => {
      y[o] = x[i];
    });
  },
  indices: ({ inputs: [x, winners] }) => planeRange(winners, [x.shape[1], x.shape[2]]),
  gradient: ({ inputs: [x, winners], gradients: [gradient], attributes: { window } }) => [
    maxUnpoolBy(gradient as F32, winners, window, [x.shape[1], x.shape[2]]),
    undefined,
  ],
  kernels: [
    {
      name: "scalar",
      allowed: () => true,
      plan: (call) => {
        const geometry = winnersGeometry(call);
        const winners = call.inputs[1].dtype === "i32" ? "indices" : winnerForm(geometry.c, geometry.window);
        return lowerPool(geometry, {
          name: "max unpool gradient",
          wgsl: winnersShader({ winners, result: "values" }),
          bindings: { x: read("f32"), winners: read(call.inputs[1].dtype), y: write("f32") },
          operands: { x: { input: 0 }, winners: { input: 1 }, y: { output: 0 } },
          grid: geometry.counts,
          vector: false,
        });
      },
    },
  ],
  cost: ({ inputs: [, winners], outputs: [y] }) => ({ flops: 0, bytes: 4 * (sizeOf(winners.shape) + 2 * sizeOf(y.shape)) }),
  error: () => [0],
};
