import { describe, expect, test } from "vitest";
import type { Call, DeviceTraits, Op } from "../../src/graph/op.ts";
import type { Shape, TensorType } from "../../src/graph/types.ts";
import { averagePool2d, conv2d, convTranspose2d, evaluate, type F32, gradient, input, lpPool2d, maxPool2d, sum } from "../../src/index.ts";
import { conv2dFilterGradientOp, conv2dInputGradientOp, conv2dOp } from "../../src/ops/conv/ops.ts";
import type { ConvAttributes, InputGradientAttributes } from "../../src/ops/conv/problem.ts";
import { resolveWindow, type WindowOptions } from "../../src/ops/window.ts";
import { hardwareTraits, softwareTraits } from "../support/traits.ts";

const [software, real] = [softwareTraits, hardwareTraits];
const little: DeviceTraits = { ...real, maxInvocations: 128 };

const types = (...shapes: readonly Shape[]): TensorType[] => shapes.map((shape) => ({ dtype: "f32", shape }));

interface Problem extends WindowOptions {
  readonly x: Shape;
  /** [KH, KW, C_in / groups, C_out]. */
  readonly filter: Shape;
}

/** The three ops of one convolution, each with its call. */
function callsOf({ x, filter, ...options }: Problem) {
  const window = resolveWindow("conv2d", [x[1], x[2]], [filter[0], filter[1]], options);
  const attributes: ConvAttributes = { window, groups: x[3] / filter[2] };
  const inputs = types(x, filter);
  const outputs = conv2dOp.shape(inputs, attributes);
  const back: InputGradientAttributes = { ...attributes, size: [x[1], x[2]] };
  return {
    y: { op: conv2dOp, call: { inputs, outputs, attributes } },
    x: { op: conv2dInputGradientOp, call: { inputs: [outputs[0], inputs[1]], outputs: [inputs[0]], attributes: back } },
    filter: { op: conv2dFilterGradientOp, call: { inputs: [inputs[0], outputs[0]], outputs: [inputs[1]], attributes } },
  };
}

/** The planner's choice: the allowed variant with the highest preference, the first listed in a tie. */
function chosen<A>({ op, call }: { readonly op: Op<A>; readonly call: Call<A> }, device: DeviceTraits) {
  const allowed = op.kernels.filter((variant) => variant.allowed(call, device));
  const preference = (variant: (typeof allowed)[number]) => variant.preference?.(call, device) ?? 0;
  return allowed.reduce((best, variant) => (preference(variant) > preference(best) ? variant : best));
}

/** The variants chosen for result, gradient of x and gradient of the filter. */
const names = (problem: Problem, device: DeviceTraits): string[] => {
  const { y, x, filter } = callsOf(problem);
  return [chosen(y, device).name, chosen(x, device).name, chosen(filter, device).name];
};

const general: Problem = { x: [1, 56, 56, 64], filter: [3, 3, 64, 64], padding: 1 };
const depthwise: Problem = { x: [1, 56, 56, 64], filter: [3, 3, 1, 64], padding: 1 };

describe("which kernel computes y, the gradient of x, and that of the filter", () => {
  const ROWS: readonly (readonly [string, Problem, DeviceTraits, readonly string[]])[] = [
    ["software", general, software, ["quads 16×32", "quads 16×32", "quads 16×32"]],
    ["real", general, real, ["tiles 64×64", "tiles 64×64", "tiles 64×64"]],
    ["real, few channels", { ...general, filter: [3, 3, 64, 8] }, real, ["registers 4×4", "tiles 64×64", "registers 4×4"]],
    ["a real GPU that allows little", general, little, ["registers 4×4", "registers 4×4", "registers 4×4"]],
    ["1×1", { x: [1, 9, 9, 64], filter: [1, 1, 64, 32] }, real, ["1×1 as matmul", "1×1 as matmul", "1×1 as matmul"]],
    ...[software, real, little].map(
      (device) => ["depthwise", depthwise, device, ["depthwise strips", "depthwise strips", "depthwise strips"]] as const,
    ),
    ["depthwise, stride", { ...depthwise, stride: 2 }, software, ["depthwise strips", "depthwise taps", "depthwise strips"]],
    ["depthwise, dilation", { ...depthwise, dilation: 2 }, software, ["depthwise strips", "depthwise strips", "depthwise strips"]],
    ["depthwise, both", { ...depthwise, dilation: 2, stride: 2 }, software, ["depthwise taps", "depthwise taps", "depthwise taps"]],
    ["two filters each", { ...depthwise, filter: [3, 3, 1, 128] }, software, ["depthwise strips", "depthwise taps", "depthwise strips"]],
    ["7×7", { ...depthwise, filter: [7, 7, 1, 64] }, software, ["depthwise taps", "depthwise taps", "depthwise taps"]],
  ];
  test.each(ROWS)("%s", (_, problem, device, expected) => {
    expect(names(problem, device)).toEqual(expected);
  });
});

describe("depthwise", () => {
  test("other sizes, the same pipelines", () => {
    const sources = (h: number, c: number) =>
      Object.values(callsOf({ x: [2, h, 20, c], filter: [3, 3, 1, c], padding: 1 })).map(
        (entry) =>
          chosen(entry as { op: Op<ConvAttributes>; call: Call<ConvAttributes> }, software).plan(entry.call as never, software)
            .dispatches[0].kernel.wgsl,
      );
    expect(sources(56, 64)).toEqual(sources(31, 12));
  });

  test("the sum of the filter's gradient is split and added in order", () => {
    const { filter } = callsOf(depthwise);
    for (const variant of conv2dFilterGradientOp.kernels.filter(({ name }) => name.startsWith("depthwise"))) {
      const { dispatches, temporaries } = variant.plan(filter.call, software);
      expect(dispatches.map(({ kernel }) => kernel.name)[1]).toBe("matmul splits");
      const { splits } = dispatches[1].params as { splits: number };
      expect(splits).toBeGreaterThan(1);
      expect(temporaries?.[0].shape).toEqual([splits, 9 * 64]);
    }
  });

  test("an empty batch: nothing to dispatch for images, zeros for the filter", () => {
    const { y, x, filter } = callsOf({ x: [0, 8, 8, 4], filter: [3, 3, 1, 4], padding: 1 });
    const dispatches = <A>(entry: { op: Op<A>; call: Call<A> }) => chosen(entry, software).plan(entry.call, software).dispatches;
    expect(dispatches(y)).toEqual([]);
    expect(dispatches(x)).toEqual([]);
    expect(dispatches(filter)).toHaveLength(1);
  });
});

test("a bias is a tensor or left out", () => {
  const [x, filter] = [input([1, 4, 4, 2]), input([3, 3, 2, 2])];
  for (const bias of [null, 0, false, "", [1, 2]])
    for (const f of [conv2d, convTranspose2d])
      expect(() => f(x, filter, { bias: bias as never })).toThrow(
        expect.objectContaining({ code: "argument", message: expect.stringContaining("bias") }),
      );
});

test("with ceilMode a window may reach beyond a plane that is smaller than it", () => {
  const options = { size: 3, stride: 2, ceilMode: true };
  for (const pool of [maxPool2d, averagePool2d, lpPool2d]) expect(pool(input([1, 2, 2, 1]), options).shape).toEqual([1, 1, 1, 1]);
  expect(maxPool2d(input([1, 1, 1, 1]), { size: 2, ceilMode: true }).shape).toEqual([1, 1, 1, 1]);
  expect(() => maxPool2d(input([1, 1, 1, 1]), { ...options, stride: 1 })).toThrow(expect.objectContaining({ code: "shape" }));
  const x = input([1, 2, 2, 1]);
  const gradientOfX = gradient(sum(averagePool2d(x, options)) as F32<readonly []>, [x]).tensors[0];
  expect([...evaluate([gradientOfX], new Map([[x, [1, 2, 3, 4]]]))[0]]).toEqual([0.25, 0.25, 0.25, 0.25]);
});
