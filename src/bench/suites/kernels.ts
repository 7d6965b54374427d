import type { DeviceTraits } from "../../graph/op.ts";
import { apply, type F32, input, type Node, type RandomSource, type Source, type Tensor, variable } from "../../graph/tensor.ts";
import { reluActivation } from "../../ops/activation.ts";
import { type Conv2dOptions, conv2d } from "../../ops/conv/conv2d.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { averagePool2d, maxPool2d } from "../../ops/pool/public.ts";
import { rnn } from "../../ops/rnn/rnn.ts";
import { type OpCase, variantSubjects } from "../node-subject.ts";
import type { Subject } from "../subject.ts";
import { casesOf, withGradients } from "./cases.ts";
import { otherCases } from "./other-kernels.ts";

type Shape4 = readonly [number, number, number, number];

/** Products as they are, and with factors transposed as gradients need them. */
function products(quick: boolean): OpCase[] {
  const sizes: [string, number, number, number][] = quick
    ? [["256³", 256, 256, 256]]
    : [
        ["256³", 256, 256, 256],
        ["512³", 512, 512, 512],
        ["1024³", 1024, 1024, 1024],
        ["16×512×512", 16, 512, 512],
        ["2048×64×64", 2048, 64, 64],
        ["1×256×1024", 1, 256, 1024],
      ];
  const [a, b] = [input([512, 512]), input([512, 512])];
  return [
    ...sizes.map(([name, m, k, n]) => ({ name: `matmul ${name}`, tensor: matmul(input([m, k]), input([k, n])) })),
    ...(quick
      ? []
      : [
          { name: "matmul 512³, A transposed", tensor: matmul(a, b, { transposeA: true }) },
          { name: "matmul 512³, B transposed", tensor: matmul(a, b, { transposeB: true }) },
        ]),
  ];
}

const parts = { conv2d: "", conv2dInputGradient: "gradient of x", conv2dFilterGradient: "gradient of the filter" };

function convolution(name: string, x: Shape4, filter: Shape4, options: Conv2dOptions, wanted: Partial<typeof parts> = parts): OpCase[] {
  const [from, W] = [variable("x", x, () => []), variable("W", filter, () => [])];
  return casesOf(`conv ${name}`, withGradients(conv2d(from, W, { padding: "same", ...options }), [from, W]), wanted as typeof parts);
}

const convolutions = (quick: boolean): OpCase[] =>
  quick
    ? convolution("3×3 32→64 28² N8", [8, 28, 28, 32], [3, 3, 32, 64], {}, { conv2d: "" })
    : [
        ...convolution("3×3 64→64 56² N1", [1, 56, 56, 64], [3, 3, 64, 64], {}),
        ...convolution("3×3 32→64 28² N8", [8, 28, 28, 32], [3, 3, 32, 64], {}),
        ...convolution("3×3 3→32 224² N1 stride 2", [1, 224, 224, 3], [3, 3, 3, 32], { stride: 2 }, { conv2d: "" }),
        ...convolution("5×5 1→16 28² N16", [16, 28, 28, 1], [5, 5, 1, 16], {}),
        ...convolution("3×3 64→3 56² N1", [1, 56, 56, 64], [3, 3, 64, 3], {}, { conv2d: "" }),
        ...convolution("depthwise 3×3 64 56² N1", [1, 56, 56, 64], [3, 3, 1, 64], { groups: 64 }),
        ...convolution("1×1 64→128 56² N1", [1, 56, 56, 64], [1, 1, 64, 128], {}),
        ...convolution("3×3 256→256 7² N1", [1, 7, 7, 256], [3, 3, 256, 256], {}),
      ];

function maxPooling(shape: Shape4, size: number, stride: number, gradient: boolean): OpCase[] {
  const x = variable("x", shape, () => []);
  const name = `max pooling ${size}×${size} ${shape.join("×")}${stride === size ? "" : ` stride ${stride}`}`;
  const wanted: Record<string, string> = { maxPool2d: "", ...(gradient ? { maxUnpool2d: "gradient" } : {}) };
  return casesOf(name, withGradients(maxPool2d(x, { size, stride }), [x]), wanted).map(
    // where the winners are comes from the forward pass; any place of a window costs the same
    (one) => (one.name.endsWith("gradient") ? { ...one, values: { 1: () => 0 } } : one),
  );
}

function pooling(quick: boolean): OpCase[] {
  const shape: Shape4 = quick ? [2, 56, 56, 64] : [8, 56, 56, 64];
  const name = shape.join("×");
  const x = variable("x", shape, () => []);
  // six channels, as in LeNet-5, are no vec4; windows that overlap cannot be shared out in cells
  const six: Shape4 = [16, 28, 28, 6];
  const max = [...maxPooling(shape, 2, 2, !quick), ...(quick ? [] : [...maxPooling(six, 2, 2, true), ...maxPooling(six, 3, 2, true)])];
  const average = casesOf(`average pooling 2×2 ${name}`, withGradients(averagePool2d(x, { size: 2 }), [x]), {
    averagePool2d: "",
    ...(quick ? {} : { averagePool2dGradient: "gradient" }),
  });
  return [...max, ...average];
}

function walks(quick: boolean): OpCase[] {
  const sizes: (readonly [number, number, number])[] = quick
    ? [[32, 16, 64]]
    : [
        [128, 16, 128],
        [64, 1, 32],
        [256, 32, 256],
        [512, 32, 4], // a state of a few units has kernels of its own
      ];
  return sizes.flatMap(([T, B, H]) => {
    const [x, U, W] = [variable("x", [T, B, H], () => []), variable("U", [H, H], () => []), variable("W", [H, H], () => [])];
    const { sequence } = rnn(x, { U, W });
    // weights of variance 1/H, so that states neither vanish nor saturate; and states are what tanh can give
    const weight = (random: RandomSource) => random.normal() / Math.sqrt(H);
    const name = `tanh walk T${T} B${B} H${H}`;
    const tensors = withGradients(sequence, [x, W]);
    return [
      ...casesOf(name, tensors, { rnnWalk: "" }, { 1: weight }),
      ...(quick
        ? []
        : [
            ...casesOf(name, tensors, { rnnWalkGradient: "gradient" }, { 1: (random) => Math.tanh(random.normal()), 2: weight }),
            ...casesOf(name, tensors, { stateOuterProduct: "gradient of W" }),
          ]),
    ];
  });
}

/** Convolution, bias and ReLU in one kernel, and with 2×2 max pooling in it, too. */
function fused(quick: boolean): OpCase[] {
  if (quick) return [];
  const name = "conv 5×5 1→16 28² N16 + bias + ReLU";
  const y = conv2d(input([16, 28, 28, 1]), input([5, 5, 1, 16]), { padding: "same", bias: input([16]) });
  const pooled = maxPool2d(y, { size: 2 });
  const [conv, pool] = [nodeOf(y), nodeOf(pooled)];
  const both = conv.op.absorb?.(conv as never, pool);
  if (!both) throw new Error(`bench "${name}": the convolution does not take the pooling in`);
  return [
    {
      name,
      tensor: conv2d(conv.inputs[0] as F32<Shape4>, conv.inputs[1] as F32<Shape4>, {
        padding: "same",
        bias: input([16]),
        activation: reluActivation,
      }),
    },
    { name: "conv 5×5 1→16 28² N16 + bias + max pooling", tensor: apply(both.op, both.inputs, both.attributes as never)[0] },
  ];
}

const nodeOf = ({ source }: Tensor): Node => (source as Extract<Source, { kind: "node" }>).node;

export const kernelCases = (quick: boolean): OpCase[] => [
  ...products(quick),
  ...convolutions(quick),
  ...fused(quick),
  ...pooling(quick),
  ...walks(quick),
  ...otherCases(quick),
];

/** Every kernel variant that this device can run, at sizes that matter. */
export const kernelSubjects = (traits: DeviceTraits, quick: boolean): Subject[] =>
  kernelCases(quick).flatMap((one) => variantSubjects("kernels", one, traits, quick));
