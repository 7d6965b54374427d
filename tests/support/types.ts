import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** What an app tells TypeScript of the platform. */
export interface Library {
  readonly lib: readonly string[];
  readonly types: readonly string[];
}

export const libraries: readonly Library[] = [
  { lib: ["ES2022", "DOM"], types: ["@webgpu/types"] },
  { lib: ["ES2022", "DOM"], types: [] },
  { lib: ["ES2022", "WebWorker"], types: [] },
  { lib: ["ES2022"], types: [] },
];

/** From this version on TypeScript's own libraries have WebGPU's types. */
const HAS_WEBGPU = 6;

/**
 * What TypeScript says of tests/embedding/types in `app/types`. Errors in its own libraries and in `@webgpu/types` are not counted: where an
 * app checks declarations, these two contradict each other from TypeScript 6 on.
 */
export async function typeErrors(app: string, { lib, types }: Library, skipLibCheck: boolean, version: string): Promise<string[]> {
  const webgpu = types.length > 0 || (lib.length > 1 && Number.parseInt(version, 10) >= HAS_WEBGPU);
  const compilerOptions = {
    ...{ target: "ES2022", module: "ESNext", moduleResolution: "bundler", strict: true, noEmit: true },
    ...{ lib, types, skipLibCheck },
  };
  const files = ["right", "wrong", ...(webgpu ? ["device"] : [])].map((name) => `types/${name}.ts`);
  await writeFile(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const tsc = promisify(execFile)(process.execPath, [join(app, "node_modules/typescript/bin/tsc"), "-p", "."], { cwd: app });
  const { stdout } = await tsc.catch((error: { stdout: string }) => error);
  const foreign = /^\S*node_modules\/(?:@webgpu\/types|typescript|@typescript\/[^/]+)\//;
  return stdout.split("\n").filter((line) => /error TS/.test(line) && !foreign.test(line));
}
