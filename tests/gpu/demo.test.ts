import { fileURLToPath } from "node:url";
import type { ElementHandle } from "puppeteer";
import { describe, expect, test } from "vitest";
import { DemoPage, part } from "../support/demo-page.ts";

const demo = DemoPage.forEachTest();
const ready = () => demo.ready("char-rnn");

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
