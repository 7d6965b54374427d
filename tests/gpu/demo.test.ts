import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "puppeteer";
import { build, type PreviewServer, preview } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freshPage } from "../support/page.ts";

/** Screenshots, for people to look at: not compared with anything. */
const SHOTS = fileURLToPath(new URL("../../tmp/screenshots", import.meta.url));

let server: PreviewServer;
let folder: string;
let page: Page;
let problems: string[];

beforeAll(async () => {
  await mkdir(SHOTS, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), "unroll-demo-"));
  const configFile = fileURLToPath(new URL("../../vite.config.ts", import.meta.url));
  await build({ configFile, mode: "demo", logLevel: "error", build: { outDir: folder } });
  server = await preview({
    configFile,
    mode: "demo",
    logLevel: "error",
    build: { outDir: folder },
    preview: { port: 0, host: "127.0.0.1" },
  });
});
afterAll(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  ({ page, problems } = await freshPage());
  await page.setViewport({ width: 1280, height: 900 });
});
afterEach(async () => {
  await page.close();
});

const open = () => page.goto(server.resolvedUrls?.local[0] ?? "", { waitUntil: "load" });
const ready = () => page.waitForSelector('#panel-char-rnn[aria-busy="false"]', { timeout: 60_000 });
const part = (id: string) => `[data-id="${id}"]`;
const text = (id: string) => page.$eval(part(id), (element) => element.textContent ?? "");
const number = async (id: string) => Number((await text(id)).replaceAll(",", ""));

/** Waits until the number shown in `id` lies below (or at least at) a bound. */
async function until(id: string, bound: { below: number } | { from: number }, seconds: number): Promise<void> {
  const fits = (value: number) => ("below" in bound ? value < bound.below : value >= bound.from);
  const end = performance.now() + 1000 * seconds;
  while (!fits(await number(id))) {
    if (performance.now() > end) throw new Error(`${id} is still ${await text(id)} after ${seconds} s: ${await text("status")}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Words of two letters and more. */
const wordsOf = (sample: string): string[] => sample.toLowerCase().match(/[a-z]{2,}/g) ?? [];

const vocabulary = async () => new Set(wordsOf(await readFile(new URL("../../demo/text/alice.txt", import.meta.url), "utf8")));

/** Drops a file on the page as a user would. */
const drop = (name: string, content: string) =>
  page.evaluate(
    (name, content) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([content], name, { type: "text/plain" }));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    },
    name,
    content,
  );

describe("Character RNN", () => {
  test("learns to write: the loss falls, the sample grows, the page stays responsive", async () => {
    await open();
    await ready();
    expect(await page.$eval("#adapter", (element) => element.textContent)).not.toMatch(/Looking|No WebGPU/);
    expect(await number("dispatches")).toBeGreaterThan(5);
    expect(await number("dispatches")).toBeLessThanOrEqual(24);
    await page.click(part("start"));
    await until("count", { from: 3 }, 20);
    const firstLoss = await number("loss");
    expect(firstLoss).toBeGreaterThan(3);
    const pauses = await page.evaluate(async () => {
      const found: number[] = [];
      for (let i = 0; i < 60; i++) {
        const begin = performance.now();
        await new Promise((resolve) => setTimeout(resolve, 25));
        found.push(performance.now() - begin - 25);
      }
      return found.sort((a, b) => a - b);
    });
    await until("loss", { below: 2.2 }, 100);
    // A sample that was begun after that, so that all of it comes from what was learned.
    const sampleLength = (from: number, to: number) =>
      page.waitForFunction(
        (from, to) => {
          const { length } = document.querySelector('[data-id="sample"]')?.textContent ?? "";
          return length >= from && length < to;
        },
        { timeout: 60_000 },
        from,
        to,
      );
    await sampleLength(1, 60);
    await sampleLength(200, 1000);
    const shown = await text("sample");
    const first = await page.$eval(`${part("earlier")} li:last-child q`, (quote) => quote.textContent ?? "");
    const known = await vocabulary();
    const share = (sample: string) => wordsOf(sample).filter((word) => known.has(word)).length / wordsOf(sample).length;
    console.log(`demo: E ${firstLoss} → ${await text("loss")} in ${await text("count")} steps, ${await text("speed")} characters/s`);
    console.log(
      `demo: it wrote “${first}” (${(100 * share(first)).toFixed(0)} % words), then “${shown}” (${(100 * share(shown)).toFixed(0)} %)`,
    );
    expect(share(shown)).toBeGreaterThan(share(first) + 0.2);
    console.log(`demo: timers late by ${pauses[30].toFixed(0)} ms (median), ${pauses[59].toFixed(0)} ms (worst of 60)`);
    expect(pauses[54]).toBeLessThan(200);
    await page.click(part("start"));
    await page.waitForFunction(() => document.querySelector('[data-id="start"]')?.textContent === "Go on", { timeout: 20_000 });
    const paused = await number("count");
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await number("count")).toBe(paused);
    await screenshots("learned");
    expect(problems).toEqual([]);
  });

  test("T and batch change without forgetting, hidden units and reset begin anew", async () => {
    await open();
    await ready();
    await page.click(part("start"));
    await until("count", { from: 20 }, 30);
    const dispatches = await number("dispatches");
    for (const [id, value] of [
      ["steps", "512"],
      ["batch", "4"],
    ]) {
      const before = await number("count");
      await page.select(part(id), value);
      await until("count", { from: before + 3 }, 60);
      // Larger sums may be cut or sorted in a few dispatches more; there is never one for each step.
      expect(await number("dispatches")).toBeLessThanOrEqual(dispatches + 10);
      expect(await number("loss")).toBeLessThan(4);
    }
    await page.select(part("hidden"), "32");
    await page.waitForFunction(() => Number(document.querySelector('[data-id="count"]')?.textContent) < 15, { timeout: 20_000 });
    await until("count", { from: 5 }, 30);
    await page.click(part("reset"));
    await page.waitForFunction(() => document.querySelector('[data-id="count"]')?.textContent === "0", { timeout: 20_000 });
    await ready();
    expect(await text("loss")).toBe("–");
    expect(await text("start")).toBe("Start");
    expect(problems).toEqual([]);
  });

  test("a file dropped on the page becomes the text; one that is too short is refused with a reason", async () => {
    await open();
    await ready();
    await drop("rhymes.txt", "one two three four five, once I caught a fish alive\n".repeat(60));
    await page.waitForFunction(() => document.querySelector('[data-id="text"]')?.textContent?.startsWith("rhymes.txt"), {
      timeout: 20_000,
    });
    await ready();
    await page.click(part("start"));
    await until("loss", { below: 1.5 }, 60);
    await drop("short.txt", "too short");
    await page.waitForFunction(() => document.querySelector('[data-id="status"]')?.textContent?.includes("at least 1000"), {
      timeout: 20_000,
    });
    expect(problems).toEqual([]);
  });

  test("the picture follows the switch and the pointer", async () => {
    await open();
    await ready();
    for (const view of ["loop", "walk", "unrolled"]) {
      await page.$eval(`input[value="${view}"]`, (radio) => (radio as HTMLInputElement).click());
      expect(await page.$eval(".picture svg", (svg) => svg.getAttribute("data-view"))).toBe(view);
    }
    await page.$eval(".picture .column", (column) => (column as SVGElement).focus());
    expect(await text("caption")).toContain("h₁ = tanh(U·x₁ + W·h₀ + b)");
    expect(problems).toEqual([]);
  });
});

test("without WebGPU the page says what to do", async () => {
  await page.evaluateOnNewDocument(() => Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined }));
  await open();
  const advice = await page.waitForSelector('[role="alert"]');
  const words = (await advice?.evaluate((element) => element.textContent)) ?? "";
  for (const browser of ["Chrome and Edge (this browser)", "Safari", "Firefox"]) expect(words).toContain(browser);
  await screenshots("no-webgpu");
  expect(problems).toEqual([]);
});

/** At phone and desktop width, light and dark; nothing may be wider than the page. */
async function screenshots(name: string): Promise<void> {
  for (const scheme of ["light", "dark"])
    for (const [device, width, height] of [["desktop", 1280, 900] as const, ["phone", 390, 844] as const]) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.setViewport({ width, height });
      await new Promise((resolve) => setTimeout(resolve, 300));
      await page.screenshot({ path: `${SHOTS}/${name}-${device}-${scheme}.png`, fullPage: true });
      expect(await page.evaluate(() => document.documentElement.scrollWidth), `${device}: page wider than the window`).toBeLessThanOrEqual(
        width,
      );
    }
}
