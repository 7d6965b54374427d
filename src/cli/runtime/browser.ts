import { join } from "node:path";
import { UnrollError } from "../../errors.ts";
import { bundledChromium } from "./bundled.ts";
import { installedProgram, isExecutable, type ProgramChoice, pathsOf, wishedProgram } from "./programs.ts";

export interface BrowserChoice extends ProgramChoice {
  /** What it needs in its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Where a browser may come from; `undefined` tries them in this order. */
export type BrowserOrigin = "installed" | "puppeteer" | "bundled";

const origins: Readonly<Record<BrowserOrigin, () => Promise<BrowserChoice | undefined>>> = { installed, puppeteer, bundled };

/**
 * A Chrome or Chromium to drive: `browser` (a path, or the name of an origin), else PUPPETEER_EXECUTABLE_PATH or CHROME_PATH, else an
 * installed one, else the one that puppeteer downloaded, else the Chromium inside `@sparticuz/chromium` where that package is.
 * @throws UnrollError `missing` when there is none, or when the one asked for is not there.
 */
export async function findBrowser(browser?: string): Promise<BrowserChoice> {
  if (browser !== undefined && isOrigin(browser)) {
    const choice = await origins[browser]();
    if (choice) return choice;
    throw new UnrollError("missing", `no browser of the kind "${browser}" was found on this machine`);
  }
  const { PUPPETEER_EXECUTABLE_PATH, CHROME_PATH } = process.env;
  const wished = wishedProgram({ "--browser": browser, PUPPETEER_EXECUTABLE_PATH, CHROME_PATH });
  if (wished) return wished;
  for (const find of Object.values(origins)) {
    const choice = await find();
    if (choice) return choice;
  }
  throw new UnrollError(
    "missing",
    "no Chrome or Chromium was found: install one, or pass --browser PATH, or set CHROME_PATH, or run npx puppeteer browsers install chrome",
  );
}

const isOrigin = (word: string): word is BrowserOrigin => Object.hasOwn(origins, word);

async function installed(): Promise<BrowserChoice | undefined> {
  return installedProgram(candidates());
}

function candidates(): string[] {
  if (process.platform === "darwin")
    return ["", process.env.HOME ?? ""].flatMap((home) =>
      ["Google Chrome", "Google Chrome Canary", "Chromium"].map((name) => `${home}/Applications/${name}.app/Contents/MacOS/${name}`),
    );
  if (process.platform === "win32")
    return [process.env.PROGRAMFILES, process.env["PROGRAMFILES(X86)"], process.env.LOCALAPPDATA]
      .filter((folder) => folder !== undefined)
      .flatMap((folder) => ["Google\\Chrome", "Chromium"].map((name) => join(folder, name, "Application", "chrome.exe")));
  const names = ["google-chrome-stable", "google-chrome", "chrome", "chromium", "chromium-browser"];
  return pathsOf(names, ["/usr/bin", "/usr/local/bin", "/snap/bin", "/opt/google/chrome"]);
}

async function puppeteer(): Promise<BrowserChoice | undefined> {
  try {
    const { default: module } = await import("puppeteer");
    const path = await module.executablePath();
    return isExecutable(path) ? { path, origin: "puppeteer's download" } : undefined;
  } catch {
    return undefined; // not installed, or nothing downloaded: the search goes on
  }
}

async function bundled(): Promise<BrowserChoice | undefined> {
  const found = await bundledChromium();
  return found && { ...found, origin: "@sparticuz/chromium" };
}
