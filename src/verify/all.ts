import type { OpSamples } from "./sample.ts";
import { matmulSamples } from "./samples/matmul.ts";
import { shapeSamples } from "./samples/shape.ts";

/** The samples of every op: the list that the proof goes through. A new op adds its line here. */
export const allSamples: readonly OpSamples[] = [...matmulSamples, ...shapeSamples];
