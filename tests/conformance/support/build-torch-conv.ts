import {
  averagePool2d,
  conv2d,
  type F32,
  gradient,
  lpPool2d,
  maxout,
  maxoutWithIndices,
  maxPool2d,
  maxPool2dWithIndices,
  mul,
  sum,
  type Tensor,
  transpose,
} from "../../../src/index.ts";
import type { Case } from "./case.ts";
import type { CaseGraph } from "./graph.ts";
import { channelsFirst, channelsLast, type Images } from "./images.ts";

type Pair = readonly [number, number];
/** Both sides of each direction alike. */
const around = ([vertical, horizontal]: Pair) =>
  [
    [vertical, vertical],
    [horizontal, horizontal],
  ] as const;

/** Case conv2d/*: x NCHW, w [O, C/groups, KH, KW]; the gradients of Σ y·grad_y. */
export function buildTorchConv(graph: CaseGraph, { attributes, inputs }: Case): void {
  const { stride, padding, dilation, groups } = attributes as { stride: Pair; padding: Pair; dilation: Pair; groups: number };
  const [x, w] = [graph.f32("x", inputs.x), graph.f32("w", inputs.w)];
  const b = inputs.b && graph.f32("b", inputs.b);
  const filter = transpose(w, [2, 3, 1, 0]) as Images;
  const bias = b as F32<readonly [number]> | undefined;
  const y = channelsFirst(conv2d(channelsLast(x) as Images, filter, { stride, padding: around(padding), dilation, groups, bias }));
  const g = gradient(sum(mul(y, graph.f32("grad_y", inputs.grad_y))), b ? [x, w, b] : [x, w]);
  Object.assign(graph.outputs, { y, "grad.x": g.of(x), "grad.w": g.of(w), ...(b ? { "grad.b": g.of(b) } : {}) });
}

interface Pooling {
  readonly kind: "max" | "avg" | "lp";
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly ceil_mode: boolean;
  readonly count_include_pad: boolean;
  readonly divisor_override: number | null;
  readonly norm: number;
}

/** Case pool2d/*: x NCHW; the gradient of Σ y·grad_y. */
export function buildTorchPool(graph: CaseGraph, { attributes, inputs }: Case): void {
  const given = attributes as unknown as Pooling;
  const { kernel: size, stride, dilation, ceil_mode: ceilMode } = given;
  const window = { size, stride, dilation, ceilMode, padding: around(given.padding) };
  const x = graph.f32("x", inputs.x);
  const images = channelsLast(x) as Images;
  const average = { countIncludePad: given.count_include_pad, divisorOverride: given.divisor_override ?? undefined };
  const pooled = {
    max: () => maxPool2d(images, window),
    avg: () => averagePool2d(images, { ...window, ...average }),
    lp: () => lpPool2d(images, { ...window, p: given.norm }),
  }[given.kind]();
  const y = channelsFirst(pooled);
  const gradX = gradient(sum(mul(y, graph.f32("grad_y", inputs.grad_y))), [x]).of(x);
  Object.assign(graph.outputs, { y, "grad.x": gradX });
  if (given.kind === "max") graph.outputs.indices = channelsFirst(maxPool2dWithIndices(images, window).indices as Tensor as F32);
}

/** Case maxout/*: channels on axis 1. */
export function buildTorchMaxout(graph: CaseGraph, { attributes, inputs }: Case): void {
  const options = { size: attributes.pieces as number };
  const x = graph.f32("x", inputs.x);
  const last = channelsLast(x);
  const y = channelsFirst(maxout(last, options));
  const gradX = gradient(sum(mul(y, graph.f32("grad_y", inputs.grad_y))), [x]).of(x);
  Object.assign(graph.outputs, { y, "grad.x": gradX, indices: channelsFirst(maxoutWithIndices(last, options).indices as Tensor as F32) });
}
