import { createRequire } from "node:module";
import { UnrollError } from "../../errors.ts";
import { optional } from "./optional.ts";
import type { Runtime, RuntimeOptions, TaskName, TaskOptions, TaskResult } from "./runtime.ts";
import { provideVulkan } from "./vulkan.ts";

export interface LaunchedNode {
  readonly gpu: GPU;
  readonly description: string;
}

/** Timestamps that are not rounded to 65 µs, as in the Chrome that is started here. */
const FLAGS = ["disable-dawn-features=timestamp_quantization"];

/** Dawn's instance must live as long as anything that it made, or the process dies. */
const instances: GPU[] = [];

/** WebGPU in this Node process, by the package `webgpu` (Dawn). Puts WebGPU's constants into the global scope. */
export async function launchNode(options: { readonly browser?: string; readonly flags?: readonly string[] } = {}): Promise<LaunchedNode> {
  const { create, globals } = await optional("webgpu", "WebGPU in Node", () => import("webgpu"));
  const driver = await provideVulkan(options.browser);
  Object.assign(globalThis, globals);
  const gpu = attempt(() => create([...FLAGS, ...(options.flags ?? [])]), options.flags ?? []);
  instances.push(gpu);
  const { version } = createRequire(import.meta.url)("webgpu/package.json") as { version: string };
  return {
    gpu,
    description: `Dawn of webgpu ${version} in Node ${process.versions.node}${driver === undefined ? "" : ` with the SwiftShader in ${driver}`}`,
  };
}

/** @throws UnrollError `argument` when Dawn does not take the flags. */
function attempt<T>(make: () => T, flags: readonly string[]): T {
  try {
    return make();
  } catch (cause) {
    throw new UnrollError(
      "argument",
      `Dawn does not start with ${flags.join(" ")}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** This Node process with Dawn. What a task logs goes to the console as it is. */
export async function nodeRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { gpu, description } = await launchNode(options);
  const tasks = await import("../tasks.ts");
  if (options.onEvent) Object.assign(globalThis, { unrollEvent: options.onEvent });
  return {
    name: "node",
    choice: description,
    flags: [...FLAGS, ...(options.flags ?? [])],
    async call<K extends TaskName>(task: K, taskOptions: TaskOptions<K>): Promise<TaskResult<K>> {
      const run = tasks[task] as (gpu: GPU, options: TaskOptions<K>) => Promise<TaskResult<K>>;
      // the same way through JSON as in a browser, so that both give the same
      return JSON.parse(JSON.stringify(await run(gpu, taskOptions))) as TaskResult<K>;
    },
    async close() {},
  };
}
