import { join } from "node:path";
import { ownFolder } from "../lifetime.ts";
import { findBrowser } from "./browser.ts";
import { optional } from "./optional.ts";
import { type LaunchedBrowser, type OwnBrowser, pageRuntime, started } from "./page.ts";
import type { Runtime, StartOptions } from "./runtime.ts";

/** Starts a headless Chrome with WebGPU. On a machine without a GPU it lands on SwiftShader by itself. */
export async function launchChrome(
  options: { readonly browser?: string; readonly flags?: readonly string[]; readonly pipe?: boolean } & OwnBrowser = {},
): Promise<LaunchedBrowser> {
  const puppeteer = (await optional("puppeteer", "Driving a browser", () => import("puppeteer"))).default;
  const choice = await findBrowser(options.browser);
  const flags = [...chromeFlags(), ...(options.flags ?? [])];
  const launched = puppeteer.launch({
    executablePath: choice.path,
    headless: true,
    // A browser whose pipe breaks ends: even a driver that was killed leaves none behind, and it may end as it likes.
    ...(options.pipe ? { pipe: true, handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false } : {}),
    // Of the locale C, some builds make a language that is none, and pages that format numbers fail.
    env: {
      ...process.env,
      ...(options.folder === undefined ? {} : { TMPDIR: options.folder }),
      ...(/^(C|POSIX)?(\.|$)/.test(process.env.LANG ?? "") ? { LANG: "en_US.UTF-8" } : {}),
      ...choice.env,
    },
    ...(options.folder === undefined ? {} : { userDataDir: join(options.folder, "profile") }),
    signal: options.signal,
    args: flags,
    protocolTimeout: 0, // a task may compute for minutes within one call
  });
  const browser = await started(choice.path, launched);
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
export const chromeRuntime = (options: StartOptions): Promise<Runtime> =>
  pageRuntime("chrome", () => launchChrome({ ...options, pipe: true, folder: ownFolder() }), options);
