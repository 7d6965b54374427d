import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { DemoPage, part } from "../support/demo-page.ts";

const demo = DemoPage.forEachTest();

/** Words of two letters and more. */
const wordsOf = (sample: string): string[] => sample.toLowerCase().match(/[a-z]{2,}/g) ?? [];

const vocabulary = async () => new Set(wordsOf(await readFile(new URL("../../demo/text/alice.txt", import.meta.url), "utf8")));

describe("Character RNN", () => {
  test("learns to write: the loss falls, the sample grows", async () => {
    await demo.open();
    await demo.ready("char-rnn");
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
    await demo.ready("char-rnn");
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
    await demo.ready("char-rnn");
    expect(await demo.text("loss")).toBe("–");
    expect(await demo.text("start")).toBe("Start");
    expect(demo.problems).toEqual([]);
  });
});
