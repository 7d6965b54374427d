import { execFile, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { afterAll, beforeAll } from "vitest";
import { buildPackage, root } from "./build.ts";
import { madeOnce } from "./once.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The browser that the tests run in, as arguments of the command line. */
export const browserArguments = process.env.UNROLL_BROWSER ? ["--browser", process.env.UNROLL_BROWSER] : [];

/** The built command line. All files of tests share the package; each has a folder of its own to write into. */
export class CommandLine {
  folder = "";
  /** The built package. */
  package = "";

  static forAllTests(): CommandLine {
    const line = new CommandLine();
    beforeAll(async () => {
      // within the repository, so that the package's dependencies are found
      line.folder = await mkdtemp(`${root}/tmp/command-line-`);
      line.package = await madeOnce("package", buildPackage);
    });
    afterAll(() => rm(line.folder, { recursive: true, force: true }));
    return line;
  }

  get #script(): string {
    return `${this.package}/src/cli/unroll.js`;
  }

  /** Runs it as a user would. */
  run(...args: string[]): Promise<Outcome> {
    return this.runWith({}, ...args);
  }

  /** The same, with these variables in the environment. */
  runWith(variables: Readonly<Record<string, string>>, ...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(process.execPath, [this.#script, ...args], { env: { ...process.env, ...variables } }, (error, out, err) =>
        resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
      );
    });
  }

  /**
   * Starts it, waits until it has started something itself, sends a signal, and waits for its end.
   * @returns with the processes that it had started and those of them that are still there.
   */
  async signal(
    variables: Readonly<Record<string, string>>,
    args: readonly string[],
    signal: NodeJS.Signals,
  ): Promise<Outcome & { started: number[]; left: number[] }> {
    const env = { ...process.env, ...variables };
    const child = spawn(process.execPath, [this.#script, ...args], { env, stdio: ["ignore", "ignore", "pipe"] });
    let err = "";
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    const ended = new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? -1)));
    const pid = child.pid as number;
    let started: number[] = [];
    for (let i = 0; i < 200; i++) {
      // what is asked for its version ends at once
      const before = started.join();
      started = descendants(pid);
      if (started.length > 0 && started.join() === before) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    child.kill(signal);
    const code = await ended;
    const alive = () => started.filter((id) => isAlive(id));
    for (let i = 0; i < 50 && alive().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 50));
    return { code, out: "", err, started, left: alive() };
  }

  /** Runs it in a shell, where `unroll` is what it is called: "unroll info | head -1". */
  shell(command: string): Promise<Outcome> {
    const unroll = `unroll() { '${process.execPath}' '${this.#script}' "$@"; }`;
    return new Promise((resolve) => {
      execFile("bash", ["-c", `set -o pipefail; ${unroll}; ${command}`], (error, out, err) =>
        resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
      );
    });
  }

  /**
   * Runs it until it says `until`, sends a signal, and waits for its end.
   * @returns with the processes that it had started and those of them that are still there.
   */
  interrupt(args: readonly string[], until: RegExp, signal: NodeJS.Signals): Promise<Outcome & { started: number[]; left: number[] }> {
    return this.interruptWith({}, args, until, signal);
  }

  /** The same, with these variables in the environment. */
  async interruptWith(
    variables: Readonly<Record<string, string>>,
    args: readonly string[],
    until: RegExp,
    signal: NodeJS.Signals,
  ): Promise<Outcome & { started: number[]; left: number[] }> {
    const env = { ...process.env, ...variables };
    const child = spawn(process.execPath, [this.#script, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    let started: number[] = [];
    const said = new Promise<void>((resolve) => {
      child.stdout.on("data", (chunk) => {
        out += chunk;
        if (until.test(out)) resolve();
      });
      child.stderr.on("data", (chunk) => {
        err += chunk;
        if (until.test(err)) resolve();
      });
    });
    const ended = new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? -1)));
    // not before all that it has started has let go of its output
    const silent = new Promise<void>((resolve) => child.once("close", () => resolve()));
    await Promise.race([said, ended]);
    started = descendants(child.pid as number);
    child.kill(signal);
    const code = await ended;
    const alive = () => started.filter((id) => isAlive(id));
    for (let i = 0; i < 100 && alive().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 100));
    const left = alive();
    if (left.length === 0) await silent;
    return { code, out, err, started, left };
  }
}

function descendants(of: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(Number(name));
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const belongs = (id: number | undefined): boolean => id !== undefined && (id === of || belongs(parents.get(id)));
  return [...parents.keys()].filter((id) => id !== of && belongs(id));
}

function parentOf(id: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${id}/stat`, "utf8").split(") ").pop()?.split(" ")[1]);
  } catch {
    return undefined; // it has ended meanwhile
  }
}

function isAlive(id: number): boolean {
  try {
    // a zombie has ended; nobody has asked for its exit code yet
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${id}/status`, "utf8"));
  } catch {
    return false;
  }
}
