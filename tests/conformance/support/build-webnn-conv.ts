import { averagePool2d, conv2d, convTranspose2d, type F32, lpPool2d, maxPool2d, transpose } from "../../../src/index.ts";
import { channelsFirst, channelsLast, type Images } from "./images.ts";

type Pair = readonly [number, number];
type Operand = (name: string) => F32;

interface WindowOptions {
  readonly strides?: Pair;
  readonly dilations?: Pair;
  /** [top, bottom, left, right]. */
  readonly padding?: readonly [number, number, number, number];
}
interface ConvOptions extends WindowOptions {
  readonly bias?: string;
  readonly groups?: number;
  readonly inputLayout?: "nchw" | "nhwc";
  readonly filterLayout?: string;
  readonly outputPadding?: Pair;
  readonly outputSizes?: Pair;
}
interface PoolOptions extends WindowOptions {
  readonly windowDimensions?: Pair;
  readonly layout?: "nchw" | "nhwc";
  readonly roundingType?: "floor" | "ceil";
  readonly outputSizes?: Pair;
}

function windowOf({ strides: stride = [1, 1], dilations: dilation = [1, 1], padding = [0, 0, 0, 0] }: WindowOptions) {
  const [top, bottom, left, right] = padding;
  const sides: readonly [Pair, Pair] = [
    [top, bottom],
    [left, right],
  ];
  return { stride, dilation, padding: sides };
}

const inLayout = (x: F32, layout: string, f: (x: Images) => F32): F32 =>
  layout === "nhwc" ? f(x as Images) : channelsFirst(f(channelsLast(x) as Images));

/** A filter whose axes are named by the letters of `layout`, with its axes in the order of `order`. */
const ordered = (filter: F32, layout: string, order: string): Images =>
  transpose(
    filter,
    [...order].map((letter) => layout.indexOf(letter)),
  ) as Images;

export function buildConv2d(operand: Operand, given: { input: string; filter: string }, options: ConvOptions): F32 {
  const { groups, inputLayout = "nchw", filterLayout = "oihw" } = options;
  const bias = options.bias === undefined ? undefined : (operand(options.bias) as F32<readonly [number]>);
  const filter = ordered(operand(given.filter), filterLayout, "hwio");
  return inLayout(operand(given.input), inputLayout, (x) => conv2d(x, filter, { ...windowOf(options), groups, bias }));
}

export function buildConvTranspose2d(operand: Operand, given: { input: string; filter: string }, options: ConvOptions): F32 {
  const { groups, inputLayout = "nchw", filterLayout = "iohw", outputPadding, outputSizes } = options;
  const bias = options.bias === undefined ? undefined : (operand(options.bias) as F32<readonly [number]>);
  const filter = ordered(operand(given.filter), filterLayout, "hwoi");
  return inLayout(operand(given.input), inputLayout, (x) =>
    convTranspose2d(x, filter, { ...windowOf(options), groups, bias, outputPadding, outputSize: outputSizes }),
  );
}

export const buildPool =
  (kind: "average" | "l2" | "max") =>
  (operand: Operand, { input }: { input: string }, options: PoolOptions): F32 =>
    inLayout(operand(input), options.layout ?? "nchw", (x) => {
      const size = options.windowDimensions ?? ([x.shape[1], x.shape[2]] as const);
      // outputSizes says which way the last windows are rounded.
      const window = windowOf(options);
      const exact =
        (x.shape[1] + window.padding[0][0] + window.padding[0][1] - (size[0] - 1) * window.dilation[0] - 1) / window.stride[0] + 1;
      const ceilMode = options.outputSizes ? options.outputSizes[0] > Math.floor(exact) : options.roundingType === "ceil";
      const all = { ...window, size, ceilMode };
      if (kind === "max") return maxPool2d(x, all);
      return kind === "average" ? averagePool2d(x, all) : lpPool2d(x, all);
    });
