import type { Proof } from "./proof.ts";
import { imageDrawProof } from "./proofs/image-draw.ts";
import { imageReadProof } from "./proofs/image-read.ts";
import { indexProof } from "./proofs/indices.ts";
import { carryProof, exportedProof } from "./proofs/programs.ts";
import { ruleProofs } from "./proofs/rules.ts";
import { clipProof, flagProof } from "./proofs/steps.ts";

/** What is proven besides the ops. Something new that runs on the GPU adds its line here. */
export const allProofs: readonly Proof[] = [
  ...ruleProofs,
  clipProof,
  flagProof,
  indexProof,
  carryProof,
  exportedProof,
  imageReadProof,
  imageDrawProof,
];
