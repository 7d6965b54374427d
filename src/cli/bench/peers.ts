import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseReport } from "../../bench/parse.ts";
import type { BenchReport } from "../../bench/schema.ts";
import { UnrollError } from "../../errors.ts";

const SCRIPT = join("tests", "peers", "run.js");

/** The script of the suite, which lies in the repository, beside the libraries that it compares with. */
function findScript(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder))
    if (existsSync(join(folder, SCRIPT))) return join(folder, SCRIPT);
  throw new UnrollError(
    "missing",
    "the suite peers compares with TF.js, ONNX Runtime Web and jax-js, which are not in this package; run it in a checkout of the repository, after npm ci",
  );
}

/** Runs the suite `peers` in a process of its own, which prints as it goes. */
export async function runPeers(args: readonly string[]): Promise<BenchReport> {
  const script = findScript();
  const folder = await mkdtemp(join(tmpdir(), "unroll-peers-"));
  try {
    const json = join(folder, "report.json");
    const child = spawn(process.execPath, [script, ...args, "--json", json], { stdio: "inherit" });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (!existsSync(json)) throw new UnrollError("missing", `the suite peers ended with ${code} and left no report`);
    return parseReport(await readFile(json, "utf8"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
