import { adamShader } from "../../../shaders/adam.wgsl.ts";
import { checkOptions } from "../../errors.ts";
import type { Optimizer } from "../../graph/update.ts";
import { checkOption, checkRate, type LearningRate, type OptimizerRule, rule, updateKernel } from "./rule.ts";

export interface AdamOptions {
  /** Default 0.001. */
  readonly learningRate?: LearningRate;
  /** Decay of the mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root in the denominator. Default 1e-8. */
  readonly epsilon?: number;
  /** `adam`: L2 penalty that is added to the gradient, default 0. `adamw`: decay of the weights themselves, default 0.01. */
  readonly weightDecay?: number;
}

/** The logarithm of a decay; a decay of 0 forgets at once, which e^-100 does in f32 too. */
const logDecay = (beta: number): number => Math.max(-100, Math.log(beta));

function make(name: string, decoupled: boolean, options: AdamOptions, defaultDecay: number): OptimizerRule {
  checkOptions(name, options, ["learningRate", "beta1", "beta2", "epsilon", "weightDecay"]);
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = defaultDecay } = options;
  checkRate(name, learningRate);
  checkOption(name, "beta1", beta1, 0, 1);
  checkOption(name, "beta2", beta2, 0, 1);
  checkOption(name, "epsilon", epsilon);
  checkOption(name, "weightDecay", weightDecay);
  const states = ["first_moment", "second_moment"];
  const hyper = {
    gain1: 1 - beta1,
    gain2: 1 - beta2,
    log_beta1: logDecay(beta1),
    log_beta2: logDecay(beta2),
    epsilon,
    weight_decay: weightDecay,
  };
  const optimizer: Optimizer = {
    name,
    learningRate,
    states,
    hyper,
    kernel: () => updateKernel(name, adamShader({ decoupled }), states, hyper, 16),
    reference(step, rate, parameter, gradient, [m, v]) {
      const correction1 = 1 - beta1 ** step;
      const correction2 = 1 - beta2 ** step;
      for (let i = 0; i < parameter.length; i++) {
        let g = gradient[i];
        if (decoupled) parameter[i] *= 1 - rate * weightDecay;
        else g += weightDecay * parameter[i];
        m[i] = beta1 * m[i] + (1 - beta1) * g;
        v[i] = beta2 * v[i] + (1 - beta2) * g * g;
        parameter[i] -= ((rate / correction1) * m[i]) / (Math.sqrt(v[i]) / Math.sqrt(correction2) + epsilon);
      }
    },
  };
  return rule(optimizer);
}

/**
 * Adam (Kingma and Ba 2015), as in PyTorch.
 * @throws UnrollError `argument` for options out of range.
 */
export const adam = (options: AdamOptions = {}): OptimizerRule => make("adam", false, options, 0);

/**
 * Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019), as in PyTorch.
 * @throws UnrollError `argument` for options out of range.
 */
export const adamw = (options: AdamOptions = {}): OptimizerRule => make("adamw", true, options, 0.01);
