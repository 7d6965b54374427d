import { execFile, spawn } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { UnrollError } from "../../errors.ts";
import { killGroup } from "../lifetime.ts";
import { readAnswer, taskScript } from "./answer.ts";
import { started } from "./page.ts";
import { findBundle } from "./page-server.ts";
import { installedProgram, type ProgramChoice, pathsOf, wishedProgram } from "./programs.ts";
import type { Runtime, StartOptions, TaskName, TaskOptions, TaskResult } from "./runtime.ts";
import { provideVulkan } from "./vulkan.ts";

/**
 * Deno's program: `path`, else DENO_PATH, else an installed one. (npx puts the packages of a project on PATH, `deno` among them.)
 * @throws UnrollError `missing` when there is none, or when the one asked for is not there.
 */
export function findDeno(path?: string): ProgramChoice {
  const folders = [join(process.env.DENO_INSTALL || join(homedir(), ".deno"), "bin"), "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
  const choice = wishedProgram({ "--browser": path, DENO_PATH: process.env.DENO_PATH }) ?? installedProgram(pathsOf(["deno"], folders));
  if (choice) return choice;
  throw new UnrollError("missing", "no Deno was found: install it (https://deno.com), or pass --browser PATH, or set DENO_PATH");
}

/** Deno with the bundle of this package, one process for each task: WebGPU by wgpu, WGSL by naga. It is given no permissions. */
export async function denoRuntime({ browser, log, signal }: StartOptions): Promise<Runtime> {
  const { path, origin } = findDeno(browser);
  const bundle = pathToFileURL(findBundle()).href;
  const asked = promisify(execFile)(path, ["--version"], { signal, killSignal: "SIGKILL" });
  const version = (await started(path, asked)).stdout.split("\n")[0];
  const driver = await provideVulkan();
  return {
    name: "deno",
    choice: `${version} at ${path} (${origin})${driver === undefined ? "" : `, with the SwiftShader in ${driver}`}`,
    async call<K extends TaskName>(task: K, options: TaskOptions<K>): Promise<TaskResult<K>> {
      return readAnswer<K>(await run(path, script(taskScript(bundle, task, options)), signal, log));
    },
    async close() {},
  };
}

/** What is logged goes to the standard error as it comes; the standard output is the answer. */
const script = (task: string): string => `const answer = console.log;
console.log = console.error;
answer(await ${task});
`;

const FLAGS = ["--unstable-webgpu", "--quiet", "--no-config", "--no-lock", "--no-prompt", "--no-remote"];

/** Runs a program with a script on its standard input. @throws UnrollError `adapter` when it says nothing on its standard output. */
async function run(path: string, code: string, signal: AbortSignal, log?: (line: string) => void): Promise<string> {
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
  const child = spawn(path, ["run", ...FLAGS, "-"], { env, stdio: ["pipe", "pipe", "pipe"], detached: process.platform !== "win32" });
  const kill = () => killGroup(child.pid);
  signal.addEventListener("abort", kill);
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exit, signal) => resolve(exit ?? signal));
  });
  createInterface(child.stderr).on("line", (line) => log?.(line));
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stdin.on("error", () => {}); // a Deno that does not start says so by its exit
  child.stdin.end(code);
  const exit = await ended.finally(() => signal.removeEventListener("abort", kill));
  if (chunks.length === 0) throw new UnrollError("adapter", `Deno ended with ${exit} and gave no result`);
  return Buffer.concat(chunks).toString("utf8");
}
