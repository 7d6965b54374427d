import { UnrollError } from "../../errors.ts";

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
}

/** Starts a runtime. @throws UnrollError `argument` for a name that is none, `missing` where a package or program is not there. */
export async function launch(name: string, options: RuntimeOptions = {}): Promise<Runtime> {
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
