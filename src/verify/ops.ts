import { check } from "../errors.ts";
import type { Engine } from "../program/engine.ts";
import { gpuPartsOf } from "../program/parts.ts";
import { traitsToVerify, type Verification, type VerifyOptions, verifyOn } from "./run.ts";
import type { OpSamples } from "./sample.ts";

/**
 * Proves ops, your own among them, on the engine's device: each sample with each kernel variant, and each node of the gradient's
 * graph, against the references under the ops' own bounds.
 * @throws UnrollError `adapter` when the engine runs on the references.
 */
export function verifyOps(engine: Engine, samples: readonly OpSamples[], options: VerifyOptions = {}): Promise<Verification> {
  engine.assertUsable();
  const parts = gpuPartsOf(engine);
  check(parts, "adapter", "verifyOps: this engine runs on the references, so there is no GPU to compare with them");
  return verifyOn([{ name: "native", gpu: parts.gpu, traits: traitsToVerify(parts.gpu.traits) }], samples, options);
}
