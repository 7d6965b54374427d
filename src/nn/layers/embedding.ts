import { check, checkOptions } from "../../errors.ts";
import type { Initializer, Tensor } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { gather } from "../../ops/gather/gather.ts";
import { normal } from "../initializers.ts";
import type { Layer } from "../layer.ts";
import { checkInitializer, checkUnits } from "./dense.ts";

export interface EmbeddingOptions {
  /** How many tokens there are. */
  readonly vocabulary: number;
  /** Length of each token's vector. */
  readonly units: number;
  /** Of the table [vocabulary, units]. Default normal with standard deviation 1, as in PyTorch. */
  readonly initializer?: Initializer;
}

/** A vector for each token: u32 [T, B] → [T, B, units]. Variable `table` [vocabulary, units]. */
export function embedding(options: EmbeddingOptions): Layer {
  checkOptions("embedding", options, ["vocabulary", "units", "initializer"]);
  const { vocabulary, units, initializer = normal() } = options;
  checkInitializer("embedding", "initializer", initializer);
  checkUnits("embedding", vocabulary, "vocabulary");
  checkUnits("embedding", units);
  return {
    name: "embedding",
    inputDType: "u32",
    sequence: true,
    apply(x, { variable }) {
      check(x.dtype === "u32" || x.dtype === "i32", "dtype", () => `embedding: the input is ${formatType(x)}; expected tokens, i32 or u32`);
      const tokens = x as Tensor<"u32">;
      return gather(variable("table", [vocabulary, units] as const, initializer), tokens);
    },
  };
}
