import { rmSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { UnrollError } from "../errors.ts";
import type { Exported } from "../program/exported/format.ts";
import { bundleFile, isScript } from "./bundle.ts";
import { reasonOf } from "./lifetime.ts";
import { checkWritable, keep } from "./output.ts";

type ExportedFile = Exported & { readonly format: string };

/** `unroll export FILE`: writes what a script exports that exportTrainer or exportProgram made. Resolves to the exit code. */
export async function exportCommand(words: readonly string[], { out }: { readonly out?: string }): Promise<number> {
  const [file] = words;
  if (words.length !== 1 || !isScript(file))
    throw new UnrollError("argument", "give one script, as in: unroll export lenet.ts --out lenet.json");
  const target = out ?? file.replace(/\.\w+$/, ".json");
  await checkWritable("--out", target);
  await checkTarget(file, target);
  const made = await madeBy(file);
  const json = JSON.stringify(made);
  if (!(await keep(target, json))) return 1;
  for (const { label, plans } of Object.values(made.programs)) {
    const counts = Object.entries(plans).map(([kind, { dispatches }]) => `${dispatches.length} dispatches on ${kind}`);
    console.log(`${label}: ${counts.join(", ")}`);
  }
  const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(1);
  console.log(
    `${target}: ${made.kernels.length} kernels, ${kilobytes(Buffer.byteLength(json))} KB, ${kilobytes(gzipSync(json).length)} KB gzipped`,
  );
  return 0;
}

/** Nothing is overwritten but an earlier export. */
async function checkTarget(file: string, target: string): Promise<void> {
  const there = await readFile(target, "utf8").catch(() => undefined);
  if (there === undefined) return;
  let earlier: unknown;
  try {
    earlier = JSON.parse(there);
  } catch {
    // no JSON
  }
  if (!isExported(earlier))
    throw new UnrollError("argument", `${target} is there already, and was not exported from ${file}; choose another --out`);
}

/** Runs a script here, without a GPU, and takes the one thing that it exports. */
async function madeBy(file: string): Promise<ExportedFile> {
  const source = await bundleFile(file, "Reading a script", true);
  const folder = await temporary();
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    const script = join(folder, "script.mjs");
    // the file is needed no longer than until its code is read, and the script may run for ever, or end the process
    await writeFile(script, `(await import("node:fs")).rmSync(${JSON.stringify(folder)}, { recursive: true, force: true });\n${source}`);
    const values = await valuesOf(pathToFileURL(script).href, file);
    const made = [...new Set(values)].filter(isExported);
    if (made.length !== 1)
      throw new UnrollError(
        "argument",
        `${file} must export one thing that exportTrainer or exportProgram made, as in "export default exportTrainer(model, options)"; it exports ${made.length}`,
      );
    return made[0];
  } finally {
    remove();
    process.off("exit", remove);
  }
}

async function temporary(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), "unroll-export-"));
  } catch (cause) {
    throw new UnrollError("missing", `no folder for temporary files can be made in ${tmpdir()} (see TMPDIR): ${reasonOf(cause)}`, {
      cause,
    });
  }
}

/** What a script exports, promises awaited. What it throws is told as its own. */
async function valuesOf(url: string, file: string): Promise<unknown[]> {
  let idle = () => {};
  const never = new Promise<never>((_, reject) => {
    idle = () => reject(new Error("it has ended, and what it exports is a promise that never settles"));
  });
  process.once("beforeExit", idle);
  try {
    const all = async () => Promise.all(Object.values((await import(/* @vite-ignore */ url)) as Record<string, unknown>));
    return await Promise.race([all(), never]);
  } catch (cause) {
    throw new UnrollError("argument", `${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    process.off("beforeExit", idle);
  }
}

const isExported = (value: unknown): value is ExportedFile =>
  typeof value === "object" &&
  value !== null &&
  Array.isArray((value as Partial<ExportedFile>).kernels) &&
  typeof ((value as Partial<ExportedFile>).programs ?? undefined) === "object" &&
  /^unroll-(trainer|program)\/\d+$/.test(String((value as { format?: unknown }).format));
