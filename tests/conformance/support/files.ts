import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The conformance data, beside the checkout: see its own README.md. */
export const conformanceRoot = fileURLToPath(new URL("../../../../shared/conformance", import.meta.url));

/** The folder of one source. Fails, rather than skips, where the data are not there. */
export function folderOf(source: "torch" | "webnn" | "onnx" | "onnx-recurrent"): string {
  const folder = join(conformanceRoot, source);
  if (!existsSync(folder))
    throw new Error(`the conformance data are missing: there is no ${folder}. The conformance tests need them; they are never skipped.`);
  return folder;
}

export const readBytes = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(join(...path)));
export const readJson = <T>(...path: string[]): T => JSON.parse(readFileSync(join(...path), "utf8")) as T;

/** All files below `folder` whose names end with `suffix`, as paths relative to it, sorted. */
export function filesBelow(folder: string, suffix: string): string[] {
  const found: string[] = [];
  const visit = (directory: string) => {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      if (statSync(path).isDirectory()) visit(path);
      else if (name.endsWith(suffix)) found.push(relative(folder, path));
    }
  };
  visit(folder);
  return found.sort();
}
