import { check, checkOptions, describe } from "../../errors.ts";
import type { F32, Tensor } from "../../graph/tensor.ts";
import { dropout } from "../../ops/random/dropout.ts";
import type { Layer } from "../layer.ts";

/** Sets a share `rate` of the values to 0 and scales the rest by 1 / (1 − rate), in training only (Srivastava et al. 2014). */
export function dropoutLayer(options: { readonly rate: number }): Layer {
  checkOptions("dropoutLayer", options, ["rate"]);
  const { rate } = options;
  check(
    typeof rate === "number" && rate >= 0 && rate < 1,
    "argument",
    () => `dropoutLayer: rate must be at least 0 and below 1, not ${String(rate)}`,
  );
  return {
    name: "dropout",
    apply: (x, { training, seed, stream }) => (training && rate > 0 ? dropout(x as F32, { rate, seed, stream }) : x),
  };
}

/** A layer without variables: any function of one tensor. */
export function lambda(apply: (x: Tensor) => Tensor, name = "lambda"): Layer {
  check(typeof apply === "function", "argument", () => `lambda: the first argument must be a function of a tensor, not ${describe(apply)}`);
  check(typeof name === "string", "argument", () => `lambda: the name must be a string, not ${describe(name)}`);
  return { name, apply };
}
