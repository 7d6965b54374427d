import type { Browser } from "puppeteer";
import { UnrollError } from "../../errors.ts";
import { reasonOf } from "../lifetime.ts";
import { readAnswer, taskScript } from "./answer.ts";
import { servePage } from "./page-server.ts";
import type { Runtime, RuntimeName, RuntimeOptions, TaskName, TaskOptions, TaskResult } from "./runtime.ts";

export interface LaunchedBrowser {
  readonly browser: Browser;
  /** Path, origin and version, for people. */
  readonly description: string;
  readonly flags?: readonly string[];
}

/** For a browser that ends with the command. */
export interface OwnBrowser {
  /** For its profile, and all that it makes besides. */
  readonly folder?: string;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** Waits for a browser to start. @throws UnrollError `missing` when it does not, in one line. */
export async function started<T>(path: string, launched: Promise<T>): Promise<T> {
  try {
    return await launched;
  } catch (cause) {
    const gone = /Target closed|Connection closed|ECONNRESET|EPIPE|Code: \d|Command failed/.test(String(cause));
    throw new UnrollError("missing", `${path} did not start: ${gone ? "it ended before it answered" : reasonOf(cause)}`, { cause });
  }
}

/** A browser with the bundled page of this package. */
export async function pageRuntime(
  name: RuntimeName,
  launch: () => Promise<LaunchedBrowser>,
  { log, onEvent, scripts }: RuntimeOptions = {},
): Promise<Runtime> {
  const server = await servePage(scripts);
  let crashed = () => {};
  const { browser, description, flags } = await launch().catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const what = description.split(" at ").pop() ?? name;
  const lost = new Promise<never>((_, reject) => {
    const tell = (why: string) => reject(new UnrollError("lost", `${name} ${why} before it had answered: ${what}`));
    browser.once("disconnected", () => tell("ended"));
    crashed = () => tell("lost its page");
  });
  lost.catch(() => {}); // it may end when it is not needed any more
  const page = await browser.newPage();
  page.on("error", () => crashed());
  // What tasks log; a browser's own remarks, such as Firefox's on each shader that does not compile, are told by the answer.
  page.on("console", (message) => message.type() === "log" && log?.(message.text()));
  if (onEvent) await page.exposeFunction("unrollEvent", onEvent);
  await page.goto(server.url);
  return {
    name,
    choice: description,
    flags,
    async call<K extends TaskName>(task: K, taskOptions: TaskOptions<K>): Promise<TaskResult<K>> {
      const answer = page.evaluate(taskScript(server.module, task, taskOptions)) as Promise<string>;
      // the connection breaks a moment before the browser is known to have ended
      const said = answer.catch(async (error: unknown) => {
        await new Promise((resolve) => setTimeout(resolve, 500));
        throw error;
      });
      return readAnswer<K>(await Promise.race([said, lost]));
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}
