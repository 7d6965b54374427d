import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));

/** From the root, with slashes. */
export const pathOf = (id: string): string => relative(root, id).split(sep).join("/");
