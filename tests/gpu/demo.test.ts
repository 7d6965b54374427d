import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { ElementHandle } from "puppeteer";
import { describe, expect, test } from "vitest";
import { DemoPage, part } from "../support/demo-page.ts";

const demo = DemoPage.forEachTest();
const ready = () => demo.ready("char-rnn");

/** Words of two letters and more. */
const wordsOf = (sample: string): string[] => sample.toLowerCase().match(/[a-z]{2,}/g) ?? [];

const vocabulary = async () => new Set(wordsOf(await readFile(new URL("../../demo/text/alice.txt", import.meta.url), "utf8")));

/** Drops a file on the page as a user would. */
const drop = (name: string, content: string) =>
  demo.page.evaluate(
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
    await demo.open();
    await ready();
    expect(await demo.page.$eval("#adapter", (element) => element.textContent)).not.toMatch(/Looking|No WebGPU/);
    expect(await demo.number("dispatches")).toBeGreaterThan(5);
    expect(await demo.number("dispatches")).toBeLessThanOrEqual(24);
    await demo.page.click(part("start"));
    await demo.until("count", { from: 3 }, 20);
    const firstLoss = await demo.number("loss");
    expect(firstLoss).toBeGreaterThan(3);
    const pauses = await demo.lateness();
    await demo.until("loss", { below: 2.2 }, 100);
    // A sample that was begun after that, so that all of it comes from what was learned.
    const sampleLength = (from: number, to: number) =>
      demo.page.waitForFunction(
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
    const shown = await demo.text("sample");
    const first = await demo.page.$eval(`${part("earlier")} li:last-child q`, (quote) => quote.textContent ?? "");
    const known = await vocabulary();
    const share = (sample: string) => wordsOf(sample).filter((word) => known.has(word)).length / wordsOf(sample).length;
    console.log(
      `demo: E ${firstLoss} → ${await demo.text("loss")} in ${await demo.text("count")} steps, ${await demo.text("speed")} characters/s`,
    );
    console.log(
      `demo: it wrote “${first}” (${(100 * share(first)).toFixed(0)} % words), then “${shown}” (${(100 * share(shown)).toFixed(0)} %)`,
    );
    expect(share(shown)).toBeGreaterThan(share(first) + 0.2);
    console.log(`demo: timers late by ${pauses[30].toFixed(0)} ms (median), ${pauses[59].toFixed(0)} ms (worst of 60)`);
    expect(pauses[54]).toBeLessThan(200);
    await demo.page.click(part("start"));
    await demo.page.waitForFunction(() => document.querySelector('[data-id="start"]')?.textContent === "Go on", { timeout: 20_000 });
    const paused = await demo.number("count");
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await demo.number("count")).toBe(paused);
    await demo.screenshots("learned");
    expect(demo.problems).toEqual([]);
  });

  test("T and batch change without forgetting, hidden units and reset begin anew", async () => {
    await demo.open();
    await ready();
    await demo.page.click(part("start"));
    await demo.until("count", { from: 20 }, 30);
    const dispatches = await demo.number("dispatches");
    for (const [id, value] of [
      ["steps", "512"],
      ["batch", "4"],
    ]) {
      const before = await demo.number("count");
      await demo.page.select(part(id), value);
      await demo.until("count", { from: before + 3 }, 60);
      // Larger sums may be cut or sorted in a few dispatches more; there is never one for each step.
      expect(await demo.number("dispatches")).toBeLessThanOrEqual(dispatches + 10);
      expect(await demo.number("loss")).toBeLessThan(4);
    }
    await demo.page.select(part("hidden"), "32");
    await demo.page.waitForFunction(() => Number(document.querySelector('[data-id="count"]')?.textContent) < 15, { timeout: 20_000 });
    await demo.until("count", { from: 5 }, 30);
    await demo.page.click(part("reset"));
    await demo.page.waitForFunction(() => document.querySelector('[data-id="count"]')?.textContent === "0", { timeout: 20_000 });
    await ready();
    expect(await demo.text("loss")).toBe("–");
    expect(await demo.text("start")).toBe("Start");
    expect(demo.problems).toEqual([]);
  });

  test("a file dropped on the page becomes the text; one that is too short is refused with a reason while training goes on", async () => {
    await demo.open();
    await ready();
    await drop("rhymes.txt", "one two three four five, once I caught a fish alive\n".repeat(60));
    await demo.page.waitForFunction(() => document.querySelector('[data-id="text"]')?.textContent?.startsWith("rhymes.txt"), {
      timeout: 20_000,
    });
    await ready();
    await demo.page.click(part("start"));
    await demo.until("loss", { below: 1.5 }, 60);
    await drop("short.txt", "too short");
    await demo.untilText("status", /has 9 characters; a network needs at least 1000 .* “rhymes\.txt” stays the text\.$/);
    expect(await demo.text("text")).toContain("rhymes.txt");
    // and what was learned stays: it goes on from where it was
    const before = await demo.number("count");
    await demo.until("count", { from: before + 5 }, 30);
    expect(await demo.text("start")).toBe("Pause");
    expect(await demo.number("loss")).toBeLessThan(2);
    expect(demo.problems).toEqual([]);
  });

  test("the picture follows the switch and the pointer", async () => {
    await demo.open();
    await ready();
    for (const view of ["loop", "walk", "unrolled"]) {
      await demo.page.$eval(`input[value="${view}"]`, (radio) => (radio as HTMLInputElement).click());
      expect(await demo.page.$eval(".picture svg", (svg) => svg.getAttribute("data-view"))).toBe(view);
    }
    await demo.page.$eval(".picture .column", (column) => (column as SVGElement).focus());
    expect(await demo.text("caption")).toContain("h₁ = tanh(U·x₁ + W·h₀ + b)");
    expect(demo.problems).toEqual([]);
  });
});

test("the keyboard goes through the tabs", async () => {
  await demo.open();
  await ready();
  await demo.page.focus("#tab-char-rnn");
  for (const [key, tab] of [
    ["End", "bench"],
    ["ArrowRight", "char-rnn"],
    ["ArrowLeft", "bench"],
    ["Home", "char-rnn"],
  ] as const) {
    await demo.page.keyboard.press(key);
    expect(await demo.page.evaluate(() => document.activeElement?.id)).toBe(`tab-${tab}`);
    expect(await demo.page.$$eval("main > section:not([hidden])", (open) => open.map(({ id }) => id))).toEqual([`panel-${tab}`]);
  }
  expect(demo.problems).toEqual([]);
});

test("without WebGPU the page says what to do", async () => {
  await demo.page.evaluateOnNewDocument(() => Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined }));
  await demo.open();
  const advice = await demo.page.waitForSelector('[role="alert"]');
  const words = (await advice?.evaluate((element) => element.textContent)) ?? "";
  for (const browser of ["Chrome and Edge (this browser)", "Safari", "Firefox"]) expect(words).toContain(browser);
  await demo.screenshots("no-webgpu");

  // reports of other devices are read all the same
  await demo.page.click("#tab-bench");
  expect(await demo.page.$eval('[data-id="bench-run"]', (button) => (button as HTMLButtonElement).disabled)).toBe(true);
  const file = (await demo.page.$('[data-id="bench-file"]')) as ElementHandle<HTMLInputElement>;
  await file.uploadFile(fileURLToPath(new URL("../support/recordings/first.json", import.meta.url)));
  await demo.page.waitForSelector('[data-id="bench-report"] >>> .roofline');
  expect(demo.problems).toEqual([]);
});
