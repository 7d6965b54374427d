import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./build.ts";

const run = promisify(execFile);

/** What a package is made of. */
const SOURCES = [
  ...["src", "shaders", "package.json", "README.md", "LICENSE", "CHANGELOG.md"],
  ...["vite.config.ts", "tsconfig.json", "tsconfig.build.json"],
];

/**
 * Packs the library as npm would publish it, with all of its own scripts, in a copy of the repository.
 * @param folder an empty folder, for the copy and what is packed.
 * @returns the path of the packed file.
 */
export async function packPackage(folder: string): Promise<string> {
  const library = join(folder, "library");
  await mkdir(library, { recursive: true });
  for (const name of SOURCES) await cp(join(root, name), join(library, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(library, "node_modules"));
  await run("npm", ["pack", "--pack-destination", folder], { cwd: library, maxBuffer: 1 << 24 });
  // Packing changes it for a moment.
  const texts = [library, root].map((place) => readFile(join(place, "package.json"), "utf8"));
  const [left, own] = await Promise.all(texts);
  if (left !== own) throw new Error("npm pack has left another package.json behind");
  return join(folder, (await readdir(folder)).find((name) => name.endsWith(".tgz")) as string);
}

/** Makes an npm package of a folder install the packed file, as its developers would. */
export async function installPacked(app: string, archive: string, ...packages: readonly string[]): Promise<void> {
  const options = ["--no-audit", "--no-fund", "--prefer-offline"];
  await run("npm", ["install", ...options, archive, ...packages], { cwd: app, maxBuffer: 1 << 24 });
}
