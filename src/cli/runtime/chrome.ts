import { findBrowser } from "./browser.ts";
import { optional } from "./optional.ts";
import { type LaunchedBrowser, pageRuntime } from "./page.ts";
import type { Runtime, RuntimeOptions } from "./runtime.ts";

/** Starts a headless Chrome with WebGPU. On a machine without a GPU it lands on SwiftShader by itself. */
export async function launchChrome(
  options: { readonly browser?: string; readonly flags?: readonly string[]; readonly pipe?: boolean } = {},
): Promise<LaunchedBrowser> {
  const puppeteer = (await optional("puppeteer", "Driving a browser", () => import("puppeteer"))).default;
  const choice = await findBrowser(options.browser);
  const flags = [...chromeFlags(), ...(options.flags ?? [])];
  const browser = await puppeteer.launch({
    executablePath: choice.path,
    headless: true,
    // A browser whose pipe breaks ends: even a driver that was killed leaves none behind, and it may end as it likes.
    ...(options.pipe ? { pipe: true, handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false } : {}),
    // Of the locale C, some builds make a language that is none, and pages that format numbers fail.
    env: { ...process.env, ...(/^(C|POSIX)?(\.|$)/.test(process.env.LANG ?? "") ? { LANG: "en_US.UTF-8" } : {}), ...choice.env },
    args: flags,
    protocolTimeout: 0, // a task may compute for minutes within one call
  });
  return { browser, description: `${await browser.version()} at ${choice.path} (${choice.origin})`, flags };
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
export const chromeRuntime = (options: RuntimeOptions): Promise<Runtime> =>
  pageRuntime("chrome", () => launchChrome({ ...options, pipe: true }), options);
