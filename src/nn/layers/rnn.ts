import { check, checkFlag, checkOptions } from "../../errors.ts";
import type { Activation } from "../../graph/op.ts";
import type { F32, Initializer } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { assign } from "../../graph/update.ts";
import { tanhActivation } from "../../ops/activation.ts";
import { rnn } from "../../ops/rnn/rnn.ts";
import { glorot, orthogonal } from "../initializers.ts";
import type { Layer } from "../layer.ts";
import { checkActivation, checkInitializer, checkUnits } from "./dense.ts";

export interface RnnLayerOptions {
  readonly units: number;
  /** For a layer that reads tokens (one-hot vectors of this length) instead of features: it then picks rows of U. */
  readonly vocabulary?: number;
  /** Default tanh. */
  readonly activation?: Activation;
  /** Only the state after the last step, [B, units], instead of all, [T, B, units]. */
  readonly lastOnly?: boolean;
  /** Of U [in, units]; default Glorot uniform. */
  readonly inputInitializer?: Initializer;
  /** Of W [units, units]; default orthogonal (Saxe, McClelland and Ganguli 2014), which neither grows nor shrinks states. */
  readonly recurrentInitializer?: Initializer;
}

/** h_t = f(x_t·U + h_{t−1}·W + b) over all steps: [T, B, in] → [T, B, units]. Variables U, W, b; in a stream also the state h. */
export function rnnLayer(options: RnnLayerOptions): Layer {
  const names = ["units", "vocabulary", "activation", "lastOnly", "inputInitializer", "recurrentInitializer"];
  checkOptions("rnnLayer", options, names);
  const { units, vocabulary, activation = tanhActivation, lastOnly = false } = options;
  const { inputInitializer = glorot(), recurrentInitializer = orthogonal() } = options;
  checkUnits("rnnLayer", units);
  checkFlag("rnnLayer", "lastOnly", lastOnly);
  checkActivation("rnnLayer", activation);
  checkInitializer("rnnLayer", "inputInitializer", inputInitializer);
  checkInitializer("rnnLayer", "recurrentInitializer", recurrentInitializer);
  if (vocabulary !== undefined) checkUnits("rnnLayer", vocabulary, "vocabulary");
  return {
    name: "rnn",
    sequence: true,
    ...(vocabulary === undefined ? {} : { inputDType: "u32" as const }),
    apply(x, { variable, carry, update }) {
      const tokens = x.dtype !== "f32";
      check(
        tokens ? vocabulary !== undefined : x.shape.length === 3,
        "shape",
        () => `rnnLayer: the input is ${formatType(x)}; expected f32 [T, B, features], or tokens [T, B] and the option vocabulary`,
      );
      const U = variable("U", [tokens ? (vocabulary as number) : x.shape[2], units] as const, inputInitializer);
      const W = variable("W", [units, units] as const, recurrentInitializer);
      const b = variable("b", [units] as const);
      const h0 = carry?.state("h", [x.shape[1], units] as const);
      const { sequence, last } = rnn(x as F32<readonly [number, number, number]>, { U, W, b, activation, ...(h0 ? { h0 } : {}) });
      if (h0) update(assign(h0, last));
      return lastOnly ? last : sequence;
    },
  };
}
