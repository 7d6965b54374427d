import { fileURLToPath } from "node:url";
import { createServer, type Plugin } from "vite";
import type { TestProject } from "vitest/node";
import { launchChrome } from "../../src/cli/runtime/chrome.ts";
import { blankPage, isolationHeaders } from "../../src/cli/runtime/page-server.ts";

/** What a test file needs to open a page of its own. */
export interface PageEndpoint {
  readonly wsEndpoint: string;
  readonly url: string;
}

declare module "vitest" {
  interface ProvidedContext {
    page: PageEndpoint;
  }
}

/**
 * Starts, once for all test files, a Vite server over the repository and a headless browser, and prints which browser and which
 * adapter. Without an adapter the run fails: no test passes by being skipped. UNROLL_BROWSER chooses as --browser does.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await createServer({
    configFile: false,
    root: fileURLToPath(new URL("../..", import.meta.url)),
    appType: "custom",
    logLevel: "error",
    plugins: [serveBlankPage()],
    // No reload may come between: nothing is watched, nothing is discovered later.
    server: { port: 0, host: "127.0.0.1", hmr: false, ws: false, watch: null, headers: isolationHeaders },
    optimizeDeps: { noDiscovery: true, include: [] },
  });
  await server.listen();
  const { browser, description } = await launchChrome({ browser: process.env.UNROLL_BROWSER || undefined });
  const close = async (): Promise<void> => {
    await browser.close();
    await server.close();
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
  project.provide("page", { wsEndpoint: browser.wsEndpoint(), url });
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
