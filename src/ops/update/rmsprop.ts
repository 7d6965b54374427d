import { rmspropShader } from "../../../shaders/rmsprop.wgsl.ts";
import { checkFlag, checkOptions } from "../../errors.ts";
import type { Optimizer } from "../../graph/update.ts";
import { checkOption, checkRate, type LearningRate, type OptimizerRule, rule, updateKernel } from "./rule.ts";

export interface RmspropOptions {
  /** Default 0.01. */
  readonly learningRate?: LearningRate;
  /** Decay of the mean of squared gradients. Default 0.99. */
  readonly alpha?: number;
  /** Added to the root in the denominator. Default 1e-8. */
  readonly epsilon?: number;
  /** L2 penalty that is added to the gradient. Default 0. */
  readonly weightDecay?: number;
  /** Share of the previous direction that is kept. Default 0. */
  readonly momentum?: number;
  /** Divide by the standard deviation of the gradient instead of its root mean square. */
  readonly centered?: boolean;
}

/**
 * RMSprop (Tieleman and Hinton 2012; centred: Graves 2013), as in PyTorch.
 * @throws UnrollError `argument` for options out of range.
 */
export function rmsprop(options: RmspropOptions = {}): OptimizerRule {
  checkOptions("rmsprop", options, ["learningRate", "alpha", "epsilon", "weightDecay", "momentum", "centered"]);
  const { learningRate = 1e-2, alpha = 0.99, epsilon = 1e-8, weightDecay = 0, momentum = 0, centered = false } = options;
  checkRate("rmsprop", learningRate);
  checkFlag("rmsprop", "centered", centered);
  checkOption("rmsprop", "alpha", alpha, 0, 1);
  checkOption("rmsprop", "epsilon", epsilon);
  checkOption("rmsprop", "weightDecay", weightDecay);
  checkOption("rmsprop", "momentum", momentum);
  const withMomentum = momentum > 0;
  const states = ["square_average", ...(centered ? ["gradient_average"] : []), ...(withMomentum ? ["momentum"] : [])];
  const hyper = { gain: 1 - alpha, epsilon, weight_decay: weightDecay, momentum };
  const optimizer: Optimizer = {
    name: "rmsprop",
    learningRate,
    states,
    hyper,
    kernel: () => updateKernel("rmsprop", rmspropShader({ centered, momentum: withMomentum }), states, hyper, 12),
    reference(_step, rate, parameter, gradient, arrays) {
      const square = arrays[0];
      const average = centered ? arrays[1] : undefined;
      const buffer = withMomentum ? arrays[arrays.length - 1] : undefined;
      for (let i = 0; i < parameter.length; i++) {
        const g = gradient[i] + weightDecay * parameter[i];
        square[i] = alpha * square[i] + (1 - alpha) * g * g;
        let variance = square[i];
        if (average) {
          average[i] = alpha * average[i] + (1 - alpha) * g;
          variance -= average[i] * average[i];
        }
        let direction = g / (Math.sqrt(Math.max(0, variance)) + epsilon);
        if (buffer) {
          buffer[i] = momentum * buffer[i] + direction;
          direction = buffer[i];
        }
        parameter[i] -= rate * direction;
      }
    },
  };
  return rule(optimizer);
}
