import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The Chromium that the package `@sparticuz/chromium` carries (Linux on x64, for machines without a browser), unpacked once into the
 * user's cache. Undefined where the package is not installed or does not fit the machine.
 */
export async function bundledChromium(): Promise<{ readonly path: string; readonly env?: Readonly<Record<string, string>> } | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const name: string = "@sparticuz/chromium";
  const module = (await import(/* @vite-ignore */ name).catch(() => undefined)) as Bundled | undefined;
  if (!module) return undefined;
  const version = await packageVersion(name);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "unroll");
  const folder = join(cache, `chromium-${version}`);
  const path = join(folder, "chromium");
  if (!existsSync(path)) await unpack(module, cache, folder);
  // A machine that never had a browser may lack the libraries that the package carries for its own purposes.
  return (await starts(path)) ? { path } : { path, env: { LD_LIBRARY_PATH: join(folder, "al2023", "lib") } };
}

const starts = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(path, ["--version"], { timeout: 20_000, killSignal: "SIGKILL" }, (error) => resolve(!error));
  });

interface Bundled {
  readonly default: { executablePath(): Promise<string> };
}

/** Unpacks beside its final place and renames, so that a run cut short or running at the same time leaves no half a browser. */
async function unpack(module: Bundled, cache: string, folder: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, "unpack-"));
  const { TMPDIR, AWS_EXECUTION_ENV } = process.env;
  try {
    process.env.TMPDIR = draft; // the package unpacks into os.tmpdir()
    process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs20.x"; // and its libraries only where it thinks that it is needed
    await module.default.executablePath();
  } finally {
    for (const [name, value] of Object.entries({ TMPDIR, AWS_EXECUTION_ENV })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
  await rename(draft, folder).catch((error: unknown) => {
    if (!existsSync(join(folder, "chromium"))) throw error;
  });
  await rm(draft, { recursive: true, force: true });
}

async function packageVersion(name: string): Promise<string> {
  const { createRequire } = await import("node:module");
  const { dirname } = await import("node:path");
  const { readFile } = await import("node:fs/promises");
  let folder = dirname(createRequire(import.meta.url).resolve(name));
  while (folder !== dirname(folder)) {
    const text = await readFile(join(folder, "package.json"), "utf8").catch(() => "{}");
    const { name: found, version } = JSON.parse(text) as { name?: string; version?: string };
    if (found === name && version) return version;
    folder = dirname(folder);
  }
  return "unknown";
}
