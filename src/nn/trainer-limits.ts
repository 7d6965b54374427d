import { check, checkFlag, describe } from "../errors.ts";

/** Programs that a trainer keeps unless told otherwise. */
const MAX_PROGRAMS = 16;

/** What a trainer may do with its engine. */
export interface TrainerLimits {
  readonly share: boolean;
  readonly maxPrograms: number;
}

/** Checks the options that are no part of a network. */
export function trainerLimits(call: string, options: { readonly share?: boolean; readonly maxPrograms?: number }): TrainerLimits {
  const { share = false, maxPrograms = MAX_PROGRAMS } = options;
  checkFlag(call, "share", share);
  check(
    maxPrograms === Infinity || (Number.isSafeInteger(maxPrograms) && maxPrograms > 0),
    "argument",
    () => `${call}: maxPrograms must be a whole number above 0, not ${describe(maxPrograms)}`,
  );
  return { share, maxPrograms };
}
