import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { UnrollError } from "../errors.ts";
import type { Exported } from "../program/exported/format.ts";
import { bundleFile, isScript } from "./bundle.ts";

type ExportedFile = Exported & { readonly format: string };

/** `unroll export FILE`: writes what a script exports that exportTrainer or exportProgram made. Resolves to the exit code. */
export async function exportCommand(words: readonly string[], { out }: { readonly out?: string }): Promise<number> {
  const [file] = words;
  if (words.length !== 1 || !isScript(file))
    throw new UnrollError("argument", "give one script, as in: unroll export lenet.ts --out lenet.json");
  const target = out ?? file.replace(/\.\w+$/, ".json");
  const made = await madeBy(file);
  const json = JSON.stringify(made);
  await writeFile(target, json).catch((cause: unknown) => {
    throw new UnrollError("argument", `${target} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
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

/** Runs a script here, without a GPU, and takes the one thing that it exports. */
async function madeBy(file: string): Promise<ExportedFile> {
  const source = await bundleFile(file, "Reading a script", true);
  const folder = await mkdtemp(join(tmpdir(), "unroll-export-"));
  try {
    const script = join(folder, "script.mjs");
    await writeFile(script, source);
    const values = await valuesOf(pathToFileURL(script).href, file);
    const made = [...new Set(values)].filter(isExported);
    if (made.length !== 1)
      throw new UnrollError(
        "argument",
        `${file} must export one thing that exportTrainer or exportProgram made, as in "export default exportTrainer(model, options)"; it exports ${made.length}`,
      );
    return made[0];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a script exports, promises awaited. What it throws is told as its own. */
async function valuesOf(url: string, file: string): Promise<unknown[]> {
  try {
    return await Promise.all(Object.values((await import(/* @vite-ignore */ url)) as Record<string, unknown>));
  } catch (cause) {
    throw new UnrollError("argument", `${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

const isExported = (value: unknown): value is ExportedFile =>
  typeof value === "object" && value !== null && /^unroll-(trainer|program)\/\d+$/.test(String((value as { format?: unknown }).format));
