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
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** The script of the suite, which lies in the repository, beside the libraries that it compares with. */
function findScript(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder))
    if (existsSync(join(folder, SCRIPT))) return join(folder, SCRIPT);
  throw new UnrollError(
    "missing",
    "the suite peers compares with TF.js, ONNX Runtime Web and jax-js, which are not in this package; run it in a checkout of the repository, after npm ci",
  );
}

/**
 * Runs the suite `peers` in a process of its own, which prints as it goes. Ctrl-C ends it after what is being measured, twice at once:
 * the report is incomplete then, or there is none.
 */
export async function runPeers(args: readonly string[]): Promise<BenchReport | undefined> {
  const script = findScript();
  const folder = await mkdtemp(join(tmpdir(), "unroll-peers-"));
  try {
    const json = join(folder, "report.json");
    const child = spawn(process.execPath, [script, ...args, "--json", json], { stdio: ["inherit", "inherit", "inherit", "ipc"] });
    let interrupted = false;
    let missing: string | undefined;
    child.on("message", (message) => {
      if (typeof message === "object" && "missing" in message) missing = String(message.missing);
    });
    const interrupt = () => {
      interrupted = true;
      if (child.connected) child.send("stop");
    };
    for (const signal of SIGNALS) process.on(signal, interrupt);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    }).finally(() => {
      for (const signal of SIGNALS) process.off(signal, interrupt);
    });
    if (existsSync(json)) return parseReport(await readFile(json, "utf8"));
    if (interrupted) return undefined;
    throw new UnrollError("missing", missing ?? `the suite peers ended with ${code} and left no report`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
