import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseReport } from "../../bench/parse.ts";
import type { BenchReport } from "../../bench/schema.ts";
import { UnrollError } from "../../errors.ts";
import { codeOf, endLater, onInterrupt, ownFolder } from "../lifetime.ts";

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

/**
 * Runs the suite `peers` in a process of its own, which prints as it goes. Ctrl-C ends it after what is being measured, twice at once:
 * the report is incomplete then, or there is none.
 */
export async function runPeers(
  args: readonly string[],
): Promise<{ readonly report?: BenchReport /** The exit code, where a signal ended it. */; readonly interrupted?: number }> {
  const script = findScript();
  const folder = ownFolder();
  const json = join(folder, "report.json");
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(process.execPath, [script, ...args, "--json", json], { env, stdio: ["inherit", "inherit", "inherit", "ipc"] });
  const ended = endLater(() => child.kill("SIGKILL"));
  let interrupted: number | undefined;
  let missing: string | undefined;
  child.on("message", (message) => {
    if (typeof message === "object" && "missing" in message) missing = String(message.missing);
  });
  const unlisten = onInterrupt((signal) => {
    interrupted = codeOf(signal);
    if (child.connected) child.send("stop");
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => {
    unlisten();
    ended();
  });
  if (existsSync(json)) {
    const report = parseReport(await readFile(json, "utf8"));
    return { report, interrupted: interrupted ?? (report.incomplete ? codeOf("SIGINT") : undefined) };
  }
  if (interrupted !== undefined) return { interrupted };
  throw new UnrollError("missing", missing ?? `the suite peers ended with ${code} and left no report`);
}
