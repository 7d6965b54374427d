import { check } from "../../errors.ts";
import { beyondF32, fitsF32 } from "../../graph/f32.ts";
import { type Bindings, type Kernel, kernel, type Params, read, readWrite } from "../../graph/kernel.ts";
import { Tensor } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { Gradients, type Optimizer, type Update } from "../../graph/update.ts";
import { foldGrid } from "../grid.ts";

/** An optimizer as `compile` takes it: applied to gradients it is the update of their variables. */
export interface OptimizerRule {
  (gradients: Gradients): Update;
  readonly optimizer: Optimizer;
}

/** A number, or a scalar f32 tensor (an input, say, for a schedule) that each run reads. */
export type LearningRate = Optimizer["learningRate"];

export function rule(optimizer: Optimizer): OptimizerRule {
  const update = (gradients: Gradients): Update => {
    check(
      gradients instanceof Gradients,
      "argument",
      () => `${optimizer.name}(…): the argument must be what gradient(…), clipNorm(…), clipNormInf(…) or clipValue(…) returns`,
    );
    return { kind: "optimize", optimizer, gradients };
  };
  return Object.assign(update, { optimizer });
}

export function checkRate(name: string, rate: LearningRate): void {
  if (rate instanceof Tensor) {
    check(
      rate.dtype === "f32" && rate.shape.length === 0,
      "shape",
      () => `${name}: learningRate is ${formatType(rate)}; a tensor must be f32[]`,
    );
    return;
  }
  check(
    fitsF32(rate) && rate >= 0,
    "argument",
    () => `${name}: learningRate must be a number of at least 0 or a tensor f32[], not ${String(rate)}${beyondF32(rate)}`,
  );
}

/** An option in [least, below): what every coefficient of the rules is. */
export function checkOption(name: string, option: string, value: number, least = 0, below = Number.POSITIVE_INFINITY): void {
  check(
    fitsF32(value) && value >= least && value < below,
    "argument",
    () =>
      `${name}: ${option} must be a number of at least ${least}${below < Number.POSITIVE_INFINITY ? ` and below ${below}` : ""}, not ${String(value)}${beyondF32(value)}`,
  );
}

/** The kernel of an update rule, with bindings and params in the order that {@link Optimizer} fixes. */
export function updateKernel(
  name: string,
  wgsl: string,
  states: readonly string[],
  hyper: Readonly<Record<string, number>>,
  flops: number,
): Kernel {
  const bindings: Bindings = {
    parameters: readWrite("f32"),
    gradients: read("f32"),
    ...Object.fromEntries(states.map((state) => [state, readWrite("f32")])),
    blocks: read("u32"),
    control: read("u32"),
    rate: read("f32"),
  };
  const params: Params = {
    size: "u32",
    clip_value: "f32",
    ...Object.fromEntries(Object.keys(hyper).map((key) => [key, "f32" as const])),
  };
  return kernel({
    name,
    wgsl,
    bindings,
    params,
    workgroups: (call) => foldGrid(Math.ceil(call.params.size / 64)),
    cost: (call) => ({ flops: 4 * flops * call.params.size, bytes: 16 * (3 + 2 * states.length) * call.params.size }),
  });
}
