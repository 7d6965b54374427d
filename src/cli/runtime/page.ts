import type { Browser } from "puppeteer";
import { readAnswer, taskScript } from "./answer.ts";
import { servePage } from "./page-server.ts";
import type { Runtime, RuntimeName, RuntimeOptions, TaskName, TaskOptions, TaskResult } from "./runtime.ts";

export interface LaunchedBrowser {
  readonly browser: Browser;
  /** Path, origin and version, for people. */
  readonly description: string;
  readonly flags?: readonly string[];
}

/** A browser with the bundled page of this package. */
export async function pageRuntime(
  name: RuntimeName,
  launch: () => Promise<LaunchedBrowser>,
  { log, onEvent, scripts }: RuntimeOptions = {},
): Promise<Runtime> {
  const server = await servePage(scripts);
  const { browser, description, flags } = await launch().catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const page = await browser.newPage();
  // What tasks log; a browser's own remarks, such as Firefox's on each shader that does not compile, are told by the answer.
  page.on("console", (message) => message.type() === "log" && log?.(message.text()));
  if (onEvent) await page.exposeFunction("unrollEvent", onEvent);
  await page.goto(server.url);
  return {
    name,
    choice: description,
    flags,
    async call<K extends TaskName>(task: K, taskOptions: TaskOptions<K>): Promise<TaskResult<K>> {
      return readAnswer<K>((await page.evaluate(taskScript(server.module, task, taskOptions))) as string);
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}
