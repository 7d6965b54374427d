// @ts-expect-error there is nothing to compare with
import { Engine, sgd, verify } from "unroll-gpu/lean";

/** By its own name the package has the same types, and lacks the proof. */
export const parts: readonly [typeof Engine, typeof sgd, unknown] = [Engine, sgd, verify];
