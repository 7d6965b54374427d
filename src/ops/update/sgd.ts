import { sgdShader } from "../../../shaders/sgd.wgsl.ts";
import { check, checkFlag, checkOptions } from "../../errors.ts";
import type { Optimizer } from "../../graph/update.ts";
import { checkOption, checkRate, type LearningRate, type OptimizerRule, rule, updateKernel } from "./rule.ts";

export interface SgdOptions {
  readonly learningRate: LearningRate;
  /** Share of the previous direction that is kept. Default 0. */
  readonly momentum?: number;
  /** Default 0. */
  readonly dampening?: number;
  readonly nesterov?: boolean;
  /** L2 penalty that is added to the gradient. Default 0. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent with momentum, as in PyTorch: the direction of the first step is the gradient, undampened.
 * @throws UnrollError `argument` for options out of range; Nesterov needs momentum and no dampening.
 */
export function sgd(options: SgdOptions): OptimizerRule {
  checkOptions("sgd", options, ["learningRate", "momentum", "dampening", "nesterov", "weightDecay"]);
  const { learningRate, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
  checkRate("sgd", learningRate);
  checkOption("sgd", "momentum", momentum);
  checkFlag("sgd", "nesterov", nesterov);
  check(
    typeof dampening === "number" && dampening >= 0 && dampening <= 1,
    "argument",
    () => `sgd: dampening must be a number from 0 to 1, not ${String(dampening)}`,
  );
  checkOption("sgd", "weightDecay", weightDecay);
  check(!nesterov || (momentum > 0 && dampening === 0), "argument", "sgd: nesterov needs a momentum above 0 and a dampening of 0");
  const states = momentum > 0 ? ["momentum"] : [];
  const hyper: Record<string, number> =
    momentum > 0 ? { weight_decay: weightDecay, momentum, keep: 1 - dampening } : { weight_decay: weightDecay };
  const optimizer: Optimizer = {
    name: "sgd",
    learningRate,
    states,
    hyper,
    kernel: () => updateKernel("sgd", sgdShader({ momentum: momentum > 0, nesterov }), states, hyper, momentum > 0 ? 8 : 5),
    reference(step, rate, parameter, gradient, [buffer]) {
      for (let i = 0; i < parameter.length; i++) {
        const d = gradient[i] + weightDecay * parameter[i];
        let direction = d;
        if (momentum > 0) {
          buffer[i] = step === 1 ? d : momentum * buffer[i] + (1 - dampening) * d;
          direction = nesterov ? d + momentum * buffer[i] : buffer[i];
        }
        parameter[i] -= rate * direction;
      }
    },
  };
  return rule(optimizer);
}
