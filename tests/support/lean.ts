import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { leanSource, leanSources, PROOF, readSource } from "../../src/build/lean/lean.ts";
import { bundleApp, root } from "./build.ts";

/** The sources of src/ that can be part of the lean package, from the root. */
export async function leanPaths(): Promise<string[]> {
  const names = await readdir(join(root, "src"), { recursive: true });
  const paths = names.map((name) => `src/${name.split(sep).join("/")}`).filter((path) => path.endsWith(".ts"));
  return paths.filter((path) => !PROOF.test(path) && !path.endsWith(".lean.ts"));
}

/** Writes the sources of the lean package, still in TypeScript, into a new folder. The proof is not there. */
export async function writeLeanSources(change: (path: string, code: string) => string = (_, code) => code): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "unroll-lean-"));
  await cp(join(root, "shaders"), join(folder, "shaders"), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  for (const path of await leanPaths()) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), change(path, leanSource(readSource(path), path)));
  }
  // An import that is left over is no fault here: bundlers drop it. One of a module that is gone is.
  const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false, incremental: false };
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions,
    include: [],
    files: ["src/index.ts", "shaders/wgsl-preprocessor.d.ts"],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  return folder;
}

/** What TypeScript says of the sources in a folder. */
export async function typecheck(folder: string): Promise<string> {
  const run = promisify(execFile)(join(root, "node_modules/.bin/tsc"), ["-p", folder], { cwd: folder });
  return run.then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
}

/** A build of the package, loaded as one module. */
export interface Built {
  readonly api: typeof import("../../src/index.ts");
  /** What the rooms of the ops export, by path, and what loads a part of them on demand. */
  readonly rooms: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Bundles the package with all its ops, lean or whole, as the builds make it, and loads it. */
export async function loadPackage(lean: boolean, folder: string): Promise<Built> {
  const paths = (await leanPaths()).filter((path) => path.startsWith("src/ops/") || path === "src/graph/on-demand.ts");
  const lines = ['export * as api from "/src/index.ts";', ...paths.map((path, i) => `export * as room${i} from "/${path}";`)];
  const file = join(folder, lean ? "lean.mjs" : "whole.mjs");
  await writeFile(file, await bundleApp(lines.join("\n"), lean ? [leanSources()] : []));
  const { api, ...loaded } = (await import(pathToFileURL(file).href)) as { api: Built["api"] } & Record<string, Record<string, unknown>>;
  return { api, rooms: Object.fromEntries(paths.map((path, i) => [path, loaded[`room${i}`]])) };
}
