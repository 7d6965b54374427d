import type { Browser } from "puppeteer";
import { servePage } from "./page-server.ts";
import type { Runtime, RuntimeName, TaskName, TaskOptions, TaskResult } from "./runtime.ts";

export interface LaunchedBrowser {
  readonly browser: Browser;
  /** Path, origin and version, for people. */
  readonly description: string;
}

/** A browser with the bundled page of this package. */
export async function pageRuntime(
  name: RuntimeName,
  launch: () => Promise<LaunchedBrowser>,
  log?: (line: string) => void,
): Promise<Runtime> {
  const server = await servePage();
  const { browser, description } = await launch().catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const page = await browser.newPage();
  page.on("console", (message) => log?.(message.text()));
  await page.goto(server.url);
  return {
    name,
    choice: description,
    async call<K extends TaskName>(task: K, taskOptions: TaskOptions<K>): Promise<TaskResult<K>> {
      // as text, because bundlers and test runners rewrite the import of a function
      const script = `import(${JSON.stringify(server.module)})
        .then((tasks) => tasks.${task}(navigator.gpu, ${JSON.stringify(taskOptions)}))
        .then((result) => JSON.stringify(result))`;
      return JSON.parse((await page.evaluate(script)) as string) as TaskResult<K>;
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}
