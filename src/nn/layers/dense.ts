import { check, checkFlag, checkOptions, describe, describeMeant } from "../../errors.ts";
import { ACTIVATIONS_MEANT, type Activation } from "../../graph/op.ts";
import type { F32, Initializer } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { glorot } from "../initializers.ts";
import type { Layer } from "../layer.ts";

export interface DenseOptions {
  readonly units: number;
  /** None unless given. */
  readonly activation?: Activation;
  /** Default true. */
  readonly bias?: boolean;
  /** Of W [in, units]. Default Glorot uniform. */
  readonly initializer?: Initializer;
}

/** activation(x·W + b) along the last axis: [..., in] → [..., units]. Variables W [in, units] and b [units]. */
export function dense(options: DenseOptions): Layer {
  checkOptions("dense", options, ["units", "activation", "bias", "initializer"]);
  const { units, activation, bias = true, initializer = glorot() } = options;
  checkUnits("dense", units);
  checkFlag("dense", "bias", bias);
  checkActivation("dense", activation);
  checkInitializer("dense", "initializer", initializer);
  return {
    name: "dense",
    apply(x, { variable }) {
      check(x.dtype === "f32" && x.shape.length >= 2, "shape", () => `dense: the input is ${formatType(x)}; expected f32 [..., features]`);
      const W = variable("W", [x.shape[x.shape.length - 1], units] as const, initializer);
      const b = bias ? variable("b", [units] as const) : undefined;
      return matmul(x as F32, W, { ...(b ? { bias: b } : {}), ...(activation ? { activation } : {}) });
    },
  };
}

export function checkActivation(layer: string, activation: Activation | undefined): void {
  check(
    activation === undefined || (typeof activation?.wgsl === "string" && typeof activation.reference === "function"),
    "argument",
    () => `${layer}: activation must be an activation such as tanhActivation, not ${describeMeant(activation, ACTIVATIONS_MEANT)}`,
  );
}

export function checkInitializer(layer: string, option: string, initializer: Initializer): void {
  check(
    typeof initializer === "function",
    "argument",
    () => `${layer}: ${option} must be an initialiser such as glorot(), not ${describe(initializer)}`,
  );
}

export function checkUnits(layer: string, units: number, option = "units"): void {
  check(
    Number.isSafeInteger(units) && units > 0,
    "argument",
    () => `${layer}: ${option} must be a whole number above 0, not ${String(units)}`,
  );
}
