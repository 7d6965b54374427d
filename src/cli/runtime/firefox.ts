import { join } from "node:path";
import { UnrollError } from "../../errors.ts";
import { ownFolder } from "../lifetime.ts";
import { optional } from "./optional.ts";
import { type LaunchedBrowser, type OwnBrowser, pageRuntime, started } from "./page.ts";
import { installedProgram, isExecutable, type ProgramChoice, pathsOf, wishedProgram } from "./programs.ts";
import type { Runtime, StartOptions } from "./runtime.ts";
import { provideVulkan } from "./vulkan.ts";

/** WebGPU where a release does not have it yet, and on adapters that the browser does not trust. */
const PREFERENCES = { "dom.webgpu.enabled": true, "gfx.webgpu.ignore-blocklist": true } as const;

/**
 * A Firefox to drive: `path`, else FIREFOX_PATH, else an installed one, else the one that puppeteer downloaded.
 * @throws UnrollError `missing` when there is none, or when the one asked for is not there.
 */
export async function findFirefox(path?: string): Promise<ProgramChoice> {
  const choice =
    wishedProgram({ "--browser": path, FIREFOX_PATH: process.env.FIREFOX_PATH }) ?? installedProgram(candidates()) ?? (await downloaded());
  if (choice) return choice;
  throw new UnrollError(
    "missing",
    "no Firefox was found: install one, or pass --browser PATH, or set FIREFOX_PATH, or run npx puppeteer browsers install firefox",
  );
}

function candidates(): string[] {
  if (process.platform === "darwin")
    return ["", process.env.HOME ?? ""].flatMap((home) =>
      ["Firefox", "Firefox Developer Edition", "Firefox Nightly"].map((name) => `${home}/Applications/${name}.app/Contents/MacOS/firefox`),
    );
  const programs = [process.env.PROGRAMFILES, process.env["PROGRAMFILES(X86)"]].filter((folder) => folder !== undefined);
  return pathsOf(
    ["firefox", "firefox-esr", "firefox-devedition", "firefox-nightly"],
    process.platform === "win32" ? programs.map((folder) => join(folder, "Mozilla Firefox")) : ["/usr/bin", "/usr/local/bin", "/snap/bin"],
  );
}

async function downloaded(): Promise<ProgramChoice | undefined> {
  try {
    const { default: puppeteer } = await import("puppeteer");
    const path = await puppeteer.executablePath({ browser: "firefox" });
    return isExecutable(path) ? { path, origin: "puppeteer's download" } : undefined;
  } catch {
    return undefined; // not installed, or nothing downloaded
  }
}

/** Starts a headless Firefox with WebGPU: on SwiftShader where a Linux has no Vulkan. */
export async function launchFirefox({
  browser: wish,
  folder,
  signal,
}: { readonly browser?: string } & OwnBrowser = {}): Promise<LaunchedBrowser> {
  const puppeteer = (await optional("puppeteer", "Driving a browser", () => import("puppeteer"))).default;
  const { path, origin } = await findFirefox(wish);
  const driver = await provideVulkan();
  const launched = puppeteer.launch({
    browser: "firefox",
    executablePath: path,
    headless: true,
    extraPrefsFirefox: PREFERENCES,
    protocolTimeout: 0, // a task may compute for minutes within one call
    signal,
    ...(folder === undefined
      ? {}
      : {
          userDataDir: join(folder, "profile"),
          env: { ...process.env, TMPDIR: folder },
          handleSIGINT: false,
          handleSIGTERM: false,
          handleSIGHUP: false,
        }),
  });
  const browser = await started(path, launched);
  const with_ = driver === undefined ? "" : `, with the SwiftShader in ${driver}`;
  return { browser, description: `${await browser.version()} at ${path} (${origin})${with_}` };
}

/** Firefox with the bundled page of this package: WebGPU by wgpu, WGSL by naga. */
export const firefoxRuntime = (options: StartOptions): Promise<Runtime> =>
  pageRuntime("firefox", () => launchFirefox({ ...options, folder: ownFolder() }), options);
