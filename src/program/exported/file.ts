import { check, describe, UnrollError } from "../../errors.ts";
import type { Exported } from "./format.ts";

/** Checks that an object says of itself what it is. */
export function checkFormat<T extends Exported & { readonly format: string }>(call: string, exported: object, format: T["format"]): T {
  check(
    typeof exported === "object" && exported !== null,
    "argument",
    () => `${call}: give the object that the JSON file holds, not ${describe(exported)}`,
  );
  const seen = (exported as { format?: unknown }).format;
  if (seen !== format) throw new UnrollError("format", `${call}: the object must be of the format "${format}", not ${describe(seen)}`);
  return exported as T;
}
