import type { Browser } from "puppeteer";
import { type BrowserChoice, findBrowser } from "./browser.ts";
import { optional } from "./optional.ts";
import { servePage } from "./page-server.ts";
import type { Runtime, RuntimeOptions, TaskName, TaskOptions, TaskResult } from "./runtime.ts";

export interface LaunchedChrome {
  readonly browser: Browser;
  readonly choice: BrowserChoice;
  /** Path, origin and version, for people. */
  readonly description: string;
}

/** Starts a headless Chrome with WebGPU. On a machine without a GPU it lands on SwiftShader by itself. */
export async function launchChrome(
  options: { readonly browser?: string; readonly flags?: readonly string[] } = {},
): Promise<LaunchedChrome> {
  const puppeteer = (await optional("puppeteer", "Driving a browser", () => import("puppeteer"))).default;
  const choice = await findBrowser(options.browser);
  const browser = await puppeteer.launch({
    executablePath: choice.path,
    headless: true,
    env: { ...process.env, ...choice.env },
    args: [...chromeFlags(), ...(options.flags ?? [])],
    protocolTimeout: 0, // a task may compute for minutes within one call
  });
  return { browser, choice, description: `${await browser.version()} at ${choice.path} (${choice.origin})` };
}

function chromeFlags(): string[] {
  const needsNoSandbox = process.platform === "linux" && (process.getuid?.() === 0 || Boolean(process.env.CI));
  return [
    ...(needsNoSandbox ? ["--no-sandbox"] : []),
    "--enable-unsafe-webgpu", // software adapters, and adapters that the browser does not trust
    "--enable-webgpu-developer-features", // timestamps that are not rounded
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
}

/** Chrome with the bundled page of this package. */
export async function chromeRuntime(options: RuntimeOptions): Promise<Runtime> {
  const server = await servePage();
  const { browser, description } = await launchChrome(options).catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const page = await browser.newPage();
  page.on("console", (message) => options.log?.(message.text()));
  await page.goto(server.url);
  return {
    name: "chrome",
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
