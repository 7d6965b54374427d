import puppeteer, { type Browser, type Page } from "puppeteer";
import { afterAll, inject } from "vitest";
import { launchChrome } from "../../src/cli/runtime/chrome.ts";
import { launchFirefox } from "../../src/cli/runtime/firefox.ts";

let browser: Browser | undefined;
let page: Page | undefined;
let problems: string[] = [];

/**
 * Calls an exported function of a module within this test file's own page in the browser: `inPage("tests/gpu/pages/x.ts", "run", 3)`.
 * Arguments and result travel as JSON (with Infinity and NaN as null); typed arrays do not. Errors on the console, errors of the
 * page and errors that WebGPU reports uncaptured fail the call.
 * @param file from the root of the repository.
 */
export async function inPage<T>(file: string, name: string, ...args: unknown[]): Promise<T> {
  page ??= await openPage();
  problems = [];
  return await call<T>(page, problems, file, name, args);
}

/** Bytes on the heap of this test file's page after garbage collection. Firefox does not tell: undefined. */
export async function usedHeap(): Promise<number | undefined> {
  if (!inject("page").wsEndpoint) return undefined;
  page ??= await openPage();
  const session = await page.createCDPSession();
  try {
    for (let i = 0; i < 3; i++) await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize;
  } finally {
    await session.detach();
  }
}

async function call<T>(where: Page, found: readonly string[], file: string, name: string, args: readonly unknown[]): Promise<T> {
  const json = (await where.evaluate(callExport(`/${file}`, name, args))) as string | undefined;
  if (found.length > 0) throw new Error(`in the page:\n${found.join("\n")}`);
  return (json === undefined ? undefined : JSON.parse(json)) as T;
}

export interface OwnBrowser {
  readonly inPage: typeof inPage;
  /** A further page of that browser. */
  readonly freshPage: typeof freshPage;
  close(): Promise<void>;
}

/** A browser of this test's own, started with flags that the shared one has not. The caller closes it. */
export async function ownBrowser(flags: readonly string[]): Promise<OwnBrowser> {
  const { browser: own } = await launchChrome({ browser: process.env.UNROLL_BROWSER || undefined, flags });
  const found: string[] = [];
  try {
    const opened = await watched(await own.newPage(), (problem) => found.push(problem));
    await opened.goto(inject("page").url);
    const inOwnPage = <T>(file: string, name: string, ...args: unknown[]): Promise<T> => {
      found.length = 0;
      return call<T>(opened, found, file, name, args);
    };
    return {
      inPage: inOwnPage,
      freshPage: () => freshPageOf(async (onProblem) => watched(await own.newPage(), onProblem)),
      close: () => own.close(),
    };
  } catch (error) {
    await own.close();
    throw error;
  }
}

/** A further page, for example to drive the demo. The caller closes it. `problems` collects what would fail `inPage`. */
export function freshPage(): Promise<{ page: Page; problems: string[]; origin: string }> {
  return freshPageOf(newPage);
}

async function freshPageOf(make: typeof newPage): Promise<{ page: Page; problems: string[]; origin: string }> {
  const found: string[] = [];
  return { page: await make((problem) => found.push(problem)), problems: found, origin: new URL(inject("page").url).origin };
}

async function openPage(): Promise<Page> {
  const opened = await newPage((problem) => problems.push(problem));
  await opened.goto(inject("page").url);
  return opened;
}

/** Firefox tells the console, too, what is wrong with a shader. Whoever compiles it gets an error as well. */
const FIREFOX_ON_SHADERS = /^\s*(Encountered one or more errors while creating shader module|Shader '.*' (parsing|validation) error)/;

async function openBrowser(): Promise<Browser> {
  const { wsEndpoint } = inject("page");
  if (wsEndpoint) return puppeteer.connect({ browserWSEndpoint: wsEndpoint, defaultViewport: null, protocolTimeout: 0 });
  return (await launchFirefox({ browser: process.env.UNROLL_BROWSER || undefined })).browser;
}

async function newPage(onProblem: (problem: string) => void): Promise<Page> {
  browser ??= await openBrowser();
  // A window of its own: a tab behind another is hidden, and draws no frames.
  return await watched(await browser.newPage({ type: "window" }), onProblem);
}

async function watched(opened: Page, onProblem: (problem: string) => void): Promise<Page> {
  opened.on("console", (message) => {
    if (FIREFOX_ON_SHADERS.test(message.text())) return;
    if (message.type() === "error") onProblem(`console: ${message.text()}`);
    else if (message.type() === "log") console.log(message.text());
  });
  opened.on("pageerror", (error) => onProblem(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`));
  opened.on("error", (error) => onProblem(`the page crashed: ${error.message}`));
  await opened.evaluateOnNewDocument(watchDevices);
  return opened;
}

afterAll(async () => {
  await page?.close();
  await (inject("page").wsEndpoint ? browser?.disconnect() : browser?.close());
  page = browser = undefined;
});

/** Runs in the page before any script: errors that nobody captured go to the console. */
function watchDevices(): void {
  if (typeof GPUAdapter === "undefined") return;
  const devices: GPUDevice[] = [];
  Object.assign(window, { unrollTestDevices: devices });
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await request.call(this, descriptor);
    devices.push(device);
    // A device that is gone reports no errors, says the specification; Firefox's does until its loss is told.
    let destroyed = false;
    const destroy = device.destroy.bind(device);
    device.destroy = () => {
      destroyed = true;
      destroy();
    };
    device.addEventListener("uncapturederror", ({ error }) => {
      if (!destroyed) console.error(`uncaptured ${error.constructor.name}: ${error.message}`);
    });
    void device.lost.then(() => devices.splice(devices.indexOf(device), 1));
    return device;
  };
}

/** A script for the page; as text, because Vitest would rewrite the import of a function. */
const callExport = (url: string, name: string, args: readonly unknown[]): string => `(async () => {
  const module = await import(${JSON.stringify(url)});
  if (typeof module.${name} !== "function") throw new Error("${url} exports no function ${name}");
  try {
    return JSON.stringify(await module.${name}(...${JSON.stringify(args)}));
  } finally {
    // Errors that are on their way arrive before the work after them is done.
    await Promise.all((window.unrollTestDevices ?? []).map((device) => device.queue.onSubmittedWorkDone().catch(() => undefined)));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
})()`;
