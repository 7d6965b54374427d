import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { findBrowser } from "./browser.ts";
import { optional } from "./optional.ts";
import type { Runtime, RuntimeOptions, TaskName, TaskOptions, TaskResult } from "./runtime.ts";

export interface LaunchedNode {
  readonly gpu: GPU;
  readonly description: string;
}

/** Dawn's instance must live as long as anything that it made, or the process dies. */
const instances: GPU[] = [];

/** WebGPU in this Node process, by the package `webgpu` (Dawn). Puts WebGPU's constants into the global scope. */
export async function launchNode(options: { readonly browser?: string; readonly flags?: readonly string[] } = {}): Promise<LaunchedNode> {
  const { create, globals } = await optional("webgpu", "WebGPU in Node", () => import("webgpu"));
  const driver = await softwareDriver(options.browser);
  if (driver !== undefined) process.env.VK_ICD_FILENAMES = driver;
  Object.assign(globalThis, globals);
  const gpu = create([...(options.flags ?? [])]);
  instances.push(gpu);
  return { gpu, description: `Dawn in Node ${process.versions.node}${driver === undefined ? "" : ` with ${driver}`}` };
}

const DRIVER_FOLDERS = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/etc/vulkan/icd.d"];

/** On Linux without any Vulkan driver: the SwiftShader that comes with a Chromium. */
async function softwareDriver(browser?: string): Promise<string | undefined> {
  if (process.platform !== "linux" || process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES) return undefined;
  if (DRIVER_FOLDERS.some((folder) => existsSync(folder) && readdirSync(folder).some((file) => file.endsWith(".json")))) return undefined;
  const folders = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"];
  for (const choice of [browser, "bundled"]) {
    const found = folders.map((folder) => join(folder, "vk_swiftshader_icd.json")).find(existsSync);
    if (found !== undefined) return found;
    const path = await findBrowser(choice).then(
      (it) => it.path,
      () => undefined,
    );
    if (path !== undefined) folders.push(dirname(path));
  }
  return folders.map((folder) => join(folder, "vk_swiftshader_icd.json")).find(existsSync);
}

/** This Node process with Dawn. What a task logs goes to the console as it is. */
export async function nodeRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { gpu, description } = await launchNode(options);
  const tasks = await import("../tasks.ts");
  return {
    name: "node",
    choice: description,
    async call<K extends TaskName>(task: K, taskOptions: TaskOptions<K>): Promise<TaskResult<K>> {
      const run = tasks[task] as (gpu: GPU, options: TaskOptions<K>) => Promise<TaskResult<K>>;
      // the same way through JSON as in a browser, so that both give the same
      return JSON.parse(JSON.stringify(await run(gpu, taskOptions))) as TaskResult<K>;
    },
    async close() {},
  };
}
