import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createServer, type Plugin } from "vite";
import type { TestProject } from "vitest/node";
import { launchChrome } from "../../src/cli/runtime/chrome.ts";
import { launchFirefox } from "../../src/cli/runtime/firefox.ts";
import { blankPage, isolationHeaders } from "../../src/cli/runtime/page-server.ts";

/** What a test file needs to open a page of its own. */
export interface PageEndpoint {
  /** Of the browser that all files share; undefined for Firefox, which serves but one of them. */
  readonly wsEndpoint?: string;
  readonly url: string;
}

declare module "vitest" {
  interface ProvidedContext {
    page: PageEndpoint;
    /** A folder within the repository, for what test files share: see once.ts. */
    shared: string;
  }
}

/**
 * Starts, once for all test files, a Vite server over the repository and a headless browser, and prints which browser and which
 * adapter. Without an adapter the run fails: no test passes by being skipped. UNROLL_RUNTIME (chrome or firefox) and UNROLL_BROWSER
 * choose as --runtime and --browser do.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const server = await createServer({
    configFile: false,
    root,
    appType: "custom",
    logLevel: "error",
    plugins: [serveBlankPage()],
    // No reload may come between: nothing is watched, nothing is discovered later.
    server: { port: 0, host: "127.0.0.1", hmr: false, ws: false, watch: null, headers: isolationHeaders },
    optimizeDeps: { noDiscovery: true, include: [] },
  });
  await server.listen();
  const firefox = process.env.UNROLL_RUNTIME === "firefox";
  const { browser, description } = await (firefox ? launchFirefox : launchChrome)({ browser: process.env.UNROLL_BROWSER || undefined });
  await mkdir(`${root}tmp`, { recursive: true });
  // within the repository, so that what is built there finds the package's dependencies
  const shared = await mkdtemp(`${root}tmp/shared-`);
  const close = async (): Promise<void> => {
    await browser.close();
    await server.close();
    await rm(shared, { recursive: true, force: true });
  };
  const url = `${server.resolvedUrls?.local[0] ?? server.resolvedUrls?.network[0]}blank`;
  try {
    const page = await browser.newPage();
    await page.goto(url);
    const adapter = await page.evaluate(async () => {
      const info = (await navigator.gpu?.requestAdapter())?.info as (GPUAdapterInfo & { isFallbackAdapter?: boolean }) | undefined;
      return info && `${info.vendor} ${info.architecture} ${info.description}, isFallbackAdapter: ${info.isFallbackAdapter}`;
    });
    await page.close();
    console.log(`browser: ${description}\nadapter: ${adapter}`);
    if (!adapter) throw new Error("the browser has no WebGPU adapter: nothing can be proven");
  } catch (error) {
    await close();
    throw error;
  }
  if (firefox) await browser.close();
  project.provide("shared", shared);
  project.provide("page", { wsEndpoint: firefox ? undefined : browser.wsEndpoint(), url });
  return close;
}

function serveBlankPage(): Plugin {
  return {
    name: "unroll:blank-page",
    configureServer({ middlewares }) {
      middlewares.use("/blank", (_, response) => {
        for (const [name, value] of Object.entries(isolationHeaders)) response.setHeader(name, value);
        response.setHeader("Content-Type", "text/html");
        response.end(blankPage);
      });
    },
  };
}
