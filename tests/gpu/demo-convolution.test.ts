import { expect, test } from "vitest";
import { DemoPage, part } from "../support/demo-page.ts";

const demo = DemoPage.forEachTest();

const open = async () => {
  await demo.open("convolution");
  await demo.page.waitForSelector("#panel-convolution canvas");
  await demo.ready("convolution");
};

// demo-convolution.long.test.ts waits until it reads
test("the network that reads digits learns, and pauses when it is asked to", async () => {
  await open();
  expect(await demo.number("dispatches")).toBeGreaterThan(5);
  expect(await demo.number("dispatches")).toBeLessThanOrEqual(40);
  await demo.page.click(part("start"));
  await demo.until("count", { from: 3 }, 30);
  await demo.page.click(part("start"));
  await demo.ready("convolution");
  expect(await demo.text("start")).toBe("Go on");
  expect(demo.problems).toEqual([]);
});

test("nothing is wider than a narrow phone", async () => {
  await open();
  for (const width of [360, 320]) {
    await demo.page.setViewport({ width, height: 800 });
    await demo.page.waitForFunction((most) => document.documentElement.scrollWidth <= most, { timeout: 10_000 }, width);
  }
  await demo.screenshots("convolution");
  expect(demo.problems).toEqual([]);
});
