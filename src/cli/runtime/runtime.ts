import { UnrollError } from "../../errors.ts";
import { endLater, reasonOf } from "../lifetime.ts";
import { Patience, START_TIMEOUT, TIMEOUT } from "./patience.ts";

/** Seconds that a browser gets to end by itself. */
const CLOSE_TIMEOUT = 5;

/** What the command line can ask of a runtime: the functions of src/cli/tasks.ts, by name. */
export type Tasks = typeof import("../tasks.ts");
export type TaskName = keyof Tasks;
export type TaskOptions<K extends TaskName> = Parameters<Tasks[K]>[1];
export type TaskResult<K extends TaskName> = Awaited<ReturnType<Tasks[K]>>;

/** A place with WebGPU where tasks run: a browser, Node with Dawn, or Deno. Options and results travel as JSON. */
export interface Runtime {
  readonly name: RuntimeName;
  /** What was chosen, for people: a browser with its path and version, or a package. */
  readonly choice: string;
  /** The flags that the browser was started with, where they are known. */
  readonly flags?: readonly string[];
  call<K extends TaskName>(task: K, options: TaskOptions<K>): Promise<TaskResult<K>>;
  /** Leaves nothing behind. */
  close(): Promise<void>;
}

export const runtimeNames = ["chrome", "firefox", "node", "deno"] as const;
export type RuntimeName = (typeof runtimeNames)[number];

export interface RuntimeOptions {
  /** The program's path; or where to take it from: "installed", "puppeteer" or "bundled". */
  readonly browser?: string;
  /** Further flags for the browser. */
  readonly flags?: readonly string[];
  /** Scripts that a page can import beside the tasks, by path: "/name.js". */
  readonly scripts?: Readonly<Record<string, string>>;
  /** Gets what a task tells while it runs, as JSON. Not in Deno. */
  readonly onEvent?: (json: string) => void;
  /** Gets each line that a task logs. */
  readonly log?: (line: string) => void;
  /** Seconds that it may stay silent while it works; a start may take at most {@link START_TIMEOUT} of them. 0 waits for ever. */
  readonly timeout?: number;
}

/** What a start of a runtime gets besides: aborted when it takes too long. */
export interface StartOptions extends RuntimeOptions {
  readonly signal: AbortSignal;
}

/**
 * Starts a runtime.
 * @throws UnrollError `argument` for a name that is none; `missing` where a package or program is not there, or does not answer; `lost` when
 *   it ends before it has answered.
 */
export async function launch(name: string, { timeout = TIMEOUT, log, onEvent, ...options }: RuntimeOptions = {}): Promise<Runtime> {
  const silence = new Patience(timeout);
  const heard =
    <T>(listen: ((value: T) => void) | undefined) =>
    (value: T) => {
      silence.heard();
      listen?.(value);
    };
  const controller = new AbortController();
  const abort = () => controller.abort();
  // what runs in this process ends with it, and needs no more
  const ended = name === "node" ? () => {} : endLater(abort);
  const started = start(name, { ...options, log: heard(log), onEvent: onEvent && heard(onEvent), signal: controller.signal });
  try {
    const runtime = await new Patience(Math.min(timeout, START_TIMEOUT)).wait(started, `${name} did not start`);
    const close = async () => {
      await new Patience(CLOSE_TIMEOUT).wait(runtime.close(), "").catch(() => {});
      abort();
      ended();
    };
    const call: Runtime["call"] = (task, taskOptions) => silence.wait(runtime.call(task, taskOptions), `${name} said nothing`);
    return { ...runtime, call, close };
  } catch (error) {
    abort();
    ended();
    throw error;
  }
}

function start(name: string, options: StartOptions): Promise<Runtime> {
  return begin(name, options).catch((cause: unknown) => {
    throw cause instanceof UnrollError ? cause : new UnrollError("missing", `${name} did not start: ${reasonOf(cause)}`, { cause });
  });
}

async function begin(name: string, options: StartOptions): Promise<Runtime> {
  switch (name) {
    case "chrome":
      return (await import("./chrome.ts")).chromeRuntime(options);
    case "firefox":
      return (await import("./firefox.ts")).firefoxRuntime(options);
    case "node":
      return (await import("./node.ts")).nodeRuntime(options);
    case "deno":
      return (await import("./deno.ts")).denoRuntime(options);
    default:
      throw new UnrollError("argument", `--runtime ${name}: known runtimes are ${runtimeNames.join(", ")}`);
  }
}
