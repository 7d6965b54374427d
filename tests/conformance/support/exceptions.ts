import type { Case } from "./case.ts";

/** Cases that are not run, with the reason. `pattern` is matched against "op name". */
export interface Exception {
  readonly pattern: RegExp;
  readonly reason: string;
}

const CELLS = "LSTM and GRU: the memory cells issue";
const SEQUENCES = "layers, directions, lengths and windows: the sequences issue";

export const torchExceptions: readonly Exception[] = [
  {
    pattern: /^pool2d pool2d\/lp_(.*_norm[13]|.*_ceil_norm2)$/,
    reason: "PyTorch's Lp pooling takes no absolute value and scales up a window that ceil_mode cuts off; ours follows ONNX and WebNN",
  },
  { pattern: /^(rnn|train|tbptt) \w+\/(train_)?(lstm|gru)_/, reason: CELLS },
  { pattern: /^rnn rnn\/rnn_\w+_(L2|bi|varlen)(_|$)/, reason: SEQUENCES },
  { pattern: /^tbptt tbptt\/rnn_/, reason: SEQUENCES },
  { pattern: /^spectral /, reason: "gradients with respect to each hidden state, spectral norms: the sequences issue" },
];

export const webnnExceptions: readonly Exception[] = [
  { pattern: /^\w+ float16\//, reason: "f16 kernels come with their own issue" },
  { pattern: /^(lstm|lstmCell|gru|gruCell) (?!float16)/, reason: CELLS },
];

export const onnxExceptions: readonly Exception[] = [
  { pattern: /^(Conv|AveragePool|MaxPool) .*(3d|Conv3d|Pool3d)/, reason: "three spatial axes: convolution and pooling have one or two" },
  { pattern: /^(LSTM|GRU) /, reason: CELLS },
  {
    pattern: /^ai\.onnx\.preview\.training\.(Adam|Adagrad) /,
    reason: "ONNX's Adam adds epsilon elsewhere than PyTorch's, which ours follows; there is no Adagrad",
  },
];

/** Not asked for by the issue, but two of these models are the only ones of ONNX's RNN with random weights. */
export const onnxRecurrentExceptions: readonly Exception[] = [
  { pattern: /^(LSTM|GRU) /, reason: CELLS },
  { pattern: /^RNN \w+_(bidirectional|reverse)_/, reason: SEQUENCES },
  { pattern: /^RNN \w+_forward_\w+_clip/, reason: "limits of the pre-activations: the sequences issue" },
];

export const keyOf = (c: Case): string => `${c.op} ${c.name}`;

export interface Split {
  readonly run: readonly Case[];
  readonly excepted: readonly { readonly exception: Exception; readonly cases: readonly Case[] }[];
  /** What is wrong with the table: an exception without a case, a case with two. */
  readonly faults: readonly string[];
}

export function split(cases: readonly Case[], exceptions: readonly Exception[]): Split {
  const excepted = exceptions.map((exception) => ({ exception, cases: cases.filter((c) => exception.pattern.test(keyOf(c))) }));
  const out = excepted.flatMap((e) => e.cases);
  return {
    run: cases.filter((c) => !out.includes(c)),
    excepted,
    faults: [
      ...excepted.filter((e) => e.cases.length === 0).map((e) => `no case matches the exception ${e.exception.pattern}`),
      ...cases.filter((c) => out.filter((o) => o === c).length > 1).map((c) => `more than one exception matches ${keyOf(c)}`),
    ],
  };
}
