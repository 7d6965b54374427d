import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { UnrollError } from "../../errors.ts";

/** The least major version of each optional peer. Peer ranges accept all, as an app may have another for purposes of its own. */
const LEAST = { puppeteer: 24, vite: 5, webgpu: 0 } as const;

/**
 * Loads an optional peer when it is used.
 * @throws UnrollError `missing`, saying what to install, where the peer is absent or older than this package can use.
 */
export async function optional<T>(name: keyof typeof LEAST, purpose: string, load: () => Promise<T>): Promise<T> {
  checkVersion(name, purpose, versionOf(name, createRequire(import.meta.url).resolve.paths(name) ?? []));
  try {
    return await load();
  } catch (cause) {
    if (!isNotFound(cause)) throw cause;
    throw new UnrollError("missing", `${purpose} needs the package "${name}", which is not installed: npm install --save-dev ${name}`, {
      cause,
    });
  }
}

/** @throws UnrollError `missing` where the version that was found is too old. */
export function checkVersion(name: keyof typeof LEAST, purpose: string, found: string | undefined): void {
  const least = LEAST[name];
  if (found === undefined || Number.parseInt(found, 10) >= least) return;
  const install = `npm install --save-dev ${name}@latest`;
  throw new UnrollError(
    "missing",
    `${purpose} needs version ${least} or later of the package "${name}"; version ${found} is installed: ${install}`,
  );
}

/** The version of a package as Node finds it from one of the folders, where it tells. */
function versionOf(name: string, folders: readonly string[]): string | undefined {
  const file = folders.map((folder) => join(folder, name, "package.json")).find(existsSync);
  return file && (JSON.parse(readFileSync(file, "utf8")) as { version?: string }).version;
}

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ERR_MODULE_NOT_FOUND" || error.code === "MODULE_NOT_FOUND");
