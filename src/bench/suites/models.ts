import { programSubject } from "../program-subject.ts";
import type { Subject } from "../subject.ts";
import { characterStep, leNetForward, leNetStep, trainingStep } from "../workloads.ts";

const RNN = { T: 128, B: 16, I: 64, H: 128, O: 64 };

/** Training steps of whole networks: gradient, clipping and update included. */
export const modelSubjects = (quick: boolean): Subject[] => [
  programSubject("models", "character RNN step V64 H128 T64 B32", () => characterStep()),
  ...(quick ? [32] : [32, 128, 512]).map((T) =>
    programSubject("models", `tanh RNN step T${T} B16 I64 H128 O64`, () => trainingStep({ ...RNN, T })),
  ),
  programSubject("models", "LeNet step B64", () => leNetStep()),
  programSubject("models", "LeNet forward B64", () => leNetForward()),
];
