import { check, describe } from "../../errors.ts";
import { checkFile } from "./check.ts";
import type { Exported } from "./format.ts";

/** Checks that an object is what it says of itself. */
export function checkFormat<T extends Exported & { readonly format: string }>(call: string, exported: object, format: T["format"]): T {
  check(
    typeof exported === "object" && exported !== null,
    "argument",
    () => `${call}: give the object that the JSON file holds, not ${describe(exported)}`,
  );
  const file = exported as Partial<T>;
  check(file.format === format, "format", () => `${call}: the object must be of the format "${format}", not ${describe(file.format)}`);
  checkFile(file);
  return file as T;
}
