import { check, describe } from "../../errors.ts";
import type { Exported } from "./format.ts";

/** Checks that an object says of itself what it is. */
export function checkFormat<T extends Exported & { readonly format: string }>(call: string, exported: object, format: T["format"]): T {
  check(
    typeof exported === "object" && exported !== null,
    "argument",
    () => `${call}: give the object that the JSON file holds, not ${describe(exported)}`,
  );
  const file = exported as Partial<T>;
  check(file.format === format, "format", () => `${call}: the object must be of the format "${format}", not ${describe(file.format)}`);
  const whole = Array.isArray(file.kernels) && Array.isArray(file.segments) && typeof file.programs === "object" && file.programs !== null;
  check(whole, "format", () => `${call}: kernels, segments or programs are missing`);
  return file as T;
}
