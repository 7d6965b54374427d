import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "puppeteer";
import { build, type PreviewServer, preview } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { madeOnce } from "./once.ts";
import { freshPage, type OwnBrowser } from "./page.ts";

/** Screenshots, for people to look at: not compared with anything. */
const SHOTS = fileURLToPath(new URL("../../tmp/screenshots", import.meta.url));

export const part = (id: string): string => `[data-id="${id}"]`;

/** The built demo on a server, with a new page for each test of the file. */
export class DemoPage {
  #server: PreviewServer | undefined;
  #page: Page | undefined;
  /** Errors on the console, of the page, and of WebGPU. */
  problems: string[] = [];

  /** To be called once, at the top of a test file. @param browser that of the test file, unless it is the shared one. */
  static forEachTest(browser?: () => OwnBrowser): DemoPage {
    const demo = new DemoPage();
    beforeAll(async () => {
      await mkdir(SHOTS, { recursive: true });
      const configFile = fileURLToPath(new URL("../../vite.config.ts", import.meta.url));
      const options = (outDir: string) => ({ configFile, mode: "demo", logLevel: "error", build: { outDir } }) as const;
      const folder = await madeOnce("demo", async (made) => void (await build(options(made))));
      demo.#server = await preview({ ...options(folder), preview: { port: 0, host: "127.0.0.1" } });
    });
    afterAll(async () => {
      await demo.#server?.close();
    });
    beforeEach(async () => {
      const { page, problems } = await (browser ? browser().freshPage() : freshPage());
      demo.#page = page;
      demo.problems = problems;
      await page.setViewport({ width: 1280, height: 900 });
    });
    afterEach(async () => {
      await demo.#page?.close();
    });
    return demo;
  }

  get page(): Page {
    if (!this.#page) throw new Error("there is a page only within a test");
    return this.#page;
  }

  /** Opens the page, at the tab of that name. */
  async open(tab = ""): Promise<void> {
    await this.page.goto(`${this.#server?.resolvedUrls?.local[0]}${tab && `#${tab}`}`, { waitUntil: "load" });
  }

  /** Waits until a tab has prepared its kernels and nothing is being changed. */
  async ready(tab: string): Promise<void> {
    await this.page.waitForSelector(`#panel-${tab}[aria-busy="false"]`, { timeout: 60_000 });
    const error = await this.page.$(`#panel-${tab} .status.error`);
    if (error) throw new Error(`the tab failed: ${await error.evaluate(({ textContent }) => textContent)}`);
  }

  text(id: string): Promise<string> {
    return this.page.$eval(part(id), (element) => element.textContent ?? "");
  }

  async number(id: string): Promise<number> {
    return Number.parseFloat((await this.text(id)).replaceAll(",", ""));
  }

  /** Waits until the text of `id` matches. */
  async untilText(id: string, pattern: RegExp, seconds = 20): Promise<void> {
    await this.#until(id, async () => pattern.test(await this.text(id)), seconds);
  }

  /** Waits until the number shown in `id` lies below (or at least at) a bound. */
  async until(id: string, bound: { below: number } | { from: number }, seconds: number): Promise<void> {
    const fits = (value: number) => ("below" in bound ? value < bound.below : value >= bound.from);
    await this.#until(id, async () => fits(await this.number(id)), seconds);
  }

  async #until(id: string, holds: () => Promise<boolean>, seconds: number): Promise<void> {
    const end = performance.now() + 1000 * seconds;
    while (!(await holds())) {
      if (performance.now() > end) {
        const status = await this.page.$eval(part("status"), (element) => element.textContent).catch(() => "no status");
        throw new Error(`${id} is still “${await this.text(id)}” after ${seconds} s; status: ${status}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** How late 60 timers of 25 ms come, in milliseconds, the worst last: whether the page stays responsive. */
  lateness(): Promise<number[]> {
    return this.page.evaluate(async () => {
      const found: number[] = [];
      for (let i = 0; i < 60; i++) {
        const begin = performance.now();
        await new Promise((resolve) => setTimeout(resolve, 25));
        found.push(performance.now() - begin - 25);
      }
      return found.sort((a, b) => a - b);
    });
  }

  /** At phone and desktop width, light and dark; nothing may be wider than the page. */
  screenshots(name: string): Promise<void> {
    return screenshots(this.page, name);
  }
}

/** As `DemoPage.screenshots`, of any page. */
export async function screenshots(page: Page, name: string): Promise<void> {
  await mkdir(SHOTS, { recursive: true });
  for (const scheme of ["light", "dark"])
    for (const [device, width, height] of [["desktop", 1280, 900] as const, ["phone", 390, 844] as const]) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.setViewport({ width, height });
      await new Promise((resolve) => setTimeout(resolve, 300));
      await page.screenshot({ path: `${SHOTS}/${name}-${device}-${scheme}.png`, fullPage: true });
      // Canvases follow their columns when the page gets to it: late on a busy machine.
      await page.waitForFunction((most) => document.documentElement.scrollWidth <= most, { timeout: 10_000 }, width).catch(() => undefined);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), `${device}: page wider than the window`).toBeLessThanOrEqual(
        width,
      );
    }
}
