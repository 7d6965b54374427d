import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { UnrollError } from "../../errors.ts";

/** A program that was found, and how, for people. */
export interface ProgramChoice {
  readonly path: string;
  readonly origin: string;
}

/**
 * The first of the wishes that is set.
 * @param wishes paths by where they come from, such as an environment variable.
 * @throws UnrollError `missing` when it names no program: the search does not go on elsewhere.
 */
export function wishedProgram(wishes: Readonly<Record<string, string | undefined>>): ProgramChoice | undefined {
  for (const [origin, path] of Object.entries(wishes)) {
    if (!path) continue;
    if (!isExecutable(path)) throw new UnrollError("missing", `${origin} names ${path}, which is not a program`);
    return { path, origin };
  }
  return undefined;
}

/** Absolute paths of what may be called by these names: PATH first, then these folders, for the first name before the second. */
export function pathsOf(names: readonly string[], folders: readonly string[]): string[] {
  const all = [...(process.env.PATH ?? "").split(delimiter), ...folders].filter(isAbsolute);
  return names.flatMap((name) => all.map((folder) => join(folder, process.platform === "win32" ? `${name}.exe` : name)));
}

/** The first that is there. */
export function installedProgram(paths: readonly string[]): ProgramChoice | undefined {
  const path = paths.find(isExecutable);
  return path === undefined ? undefined : { path, origin: "installed" };
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile(); // folders can be "executed", too
  } catch {
    return false;
  }
}
