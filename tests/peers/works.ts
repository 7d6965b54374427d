/** What is computed, with its sizes. Images are square, convolutions pad to "same" as PyTorch's padding=(k−1)/2 does. */
export type Work =
  | { readonly kind: "matmul"; readonly m: number; readonly k: number; readonly n: number }
  | Convolution
  | Pooling
  | { readonly kind: "rnn"; readonly t: number; readonly b: number; readonly i: number; readonly h: number }
  | { readonly kind: "rnn training"; readonly t: number; readonly b: number; readonly i: number; readonly h: number; readonly o: number }
  | { readonly kind: "character rnn"; readonly t: number; readonly b: number; readonly v: number; readonly h: number }
  | { readonly kind: "lenet" | "lenet training" };

export interface Convolution {
  readonly kind: "conv" | "conv gradients";
  readonly n: number;
  readonly size: number;
  readonly kernel: number;
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  readonly groups: number;
}

export interface Pooling {
  readonly kind: "pool" | "pool gradient";
  readonly op: "max" | "average";
  readonly n: number;
  readonly size: number;
  readonly channels: number;
}

export interface Row {
  readonly name: string;
  readonly work: Work;
  /** Multiply-adds counted as two; absent where nothing but bytes counts. */
  readonly flops?: number;
}

/** The rate of plain gradient descent in every training step, and the global norm to which gradients are clipped. */
export const LEARNING_RATE = 0.1;
export const CLIP_NORM = 1;

/** Side of the output of a convolution. */
export const outputSize = ({ size, kernel, stride }: Convolution): number => Math.floor((size + 2 * padding(kernel) - kernel) / stride) + 1;
export const padding = (kernel: number): number => (kernel - 1) / 2;

const matmul = (m: number, k: number, n: number): Row => ({
  name: m === k && k === n ? `matmul ${m}` : `matmul [${m},${k}]·[${k},${n}]`,
  work: { kind: "matmul", m, k, n },
  flops: 2 * m * k * n,
});

function conv(
  n: number,
  size: number,
  kernel: number,
  from: number,
  to: number,
  more: { stride?: number; groups?: number; gradients?: true } = {},
): Row {
  const { stride = 1, groups = 1, gradients } = more;
  const work: Convolution = { kind: gradients ? "conv gradients" : "conv", n, size, kernel, from, to, stride, groups };
  const what = groups === 1 ? `${from}→${to}` : `depthwise ${from}`;
  return {
    name: `${gradients ? "conv2d gradients" : "conv2d"} N${n} ${size}² ${kernel}×${kernel} ${what}${stride === 1 ? "" : ` stride ${stride}`}`,
    work,
    flops: (gradients ? 4 : 2) * n * outputSize(work) ** 2 * kernel ** 2 * (from / groups) * to,
  };
}

const pool = (op: Pooling["op"], kind: Pooling["kind"]): Row => ({
  name: `${op} pool${kind === "pool" ? "" : " gradient"} N8 56² 64`,
  work: { kind, op, n: 8, size: 56, channels: 64 },
});

const rnn = (t: number, b: number, i: number, h: number): Row => ({
  name: `RNN forward T${t} B${b} I${i} H${h}`,
  work: { kind: "rnn", t, b, i, h },
  flops: 2 * t * b * h * (i + h),
});

const rnnTraining = (t: number, b: number, i: number, h: number, o: number): Row => ({
  name: `RNN training step T${t} B${b} I${i} H${h} O${o}`,
  work: { kind: "rnn training", t, b, i, h, o },
  // Forward; and backward the gradients of weights and of what they are multiplied with, except of x.
  flops: 2 * t * b * h * (2 * i + 3 * h + 3 * o),
});

const lenetForward = 2 * 64 * (24 * 24 * 25 * 8 + 8 * 8 * 200 * 16 + 256 * 10);

/** Every row that is timed, in order. Names say what is computed, and are what `--only` looks at. */
export const rows: readonly Row[] = [
  matmul(256, 256, 256),
  matmul(512, 512, 512),
  matmul(1024, 1024, 1024),
  matmul(16, 512, 512),
  matmul(2048, 64, 64),
  conv(1, 56, 3, 64, 64),
  conv(8, 28, 3, 32, 64),
  conv(1, 224, 3, 3, 32, { stride: 2 }),
  conv(16, 28, 5, 1, 16),
  conv(1, 56, 3, 64, 64, { groups: 64 }),
  conv(1, 56, 1, 64, 128),
  conv(8, 28, 3, 32, 64, { gradients: true }),
  conv(1, 56, 3, 64, 64, { gradients: true }),
  pool("max", "pool"),
  pool("max", "pool gradient"),
  pool("average", "pool"),
  pool("average", "pool gradient"),
  rnn(128, 16, 64, 128),
  rnn(64, 1, 32, 32),
  rnn(256, 32, 128, 256),
  rnnTraining(32, 16, 32, 64, 32),
  rnnTraining(128, 16, 64, 128, 64),
  {
    name: "character RNN training step V64 H128 T64 B32",
    work: { kind: "character rnn", t: 64, b: 32, v: 64, h: 128 },
    flops: 2 * 64 * 32 * 128 * (3 * 128 + 3 * 64),
  },
  { name: "LeNet forward B64", work: { kind: "lenet" }, flops: lenetForward },
  { name: "LeNet training step B64", work: { kind: "lenet training" }, flops: 3 * lenetForward - 2 * 64 * 24 * 24 * 25 * 8 },
];

export const COLD = "cold start to the first LeNet result";

/** Whether `only` names a row: part of its name, or a regular expression, whatever the case. */
export const wanted = (name: string, only: RegExp | string | undefined): boolean =>
  only === undefined || (typeof only === "string" ? new RegExp(only, "i") : only).test(name);
