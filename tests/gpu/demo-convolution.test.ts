import { describe, expect, test } from "vitest";
import { DemoPage, part } from "../support/demo-page.ts";

const demo = DemoPage.forEachTest();

const open = async () => {
  await demo.open("convolution");
  await demo.page.waitForSelector("#panel-convolution canvas");
};

/** Points at the middle of a cell of a grid with that many rows and columns. */
async function pointAt(id: string, [row, column]: readonly [number, number], count: number): Promise<void> {
  const canvas = await demo.page.$(`${part(id)} canvas`);
  await canvas?.scrollIntoView();
  const box = await canvas?.boundingBox();
  if (!box) throw new Error(`${id} is not in view`);
  await demo.page.mouse.move(box.x + ((column + 0.5) / count) * box.width, box.y + ((row + 0.5) / count) * box.height);
}

/** What a canvas shows, to be compared. */
const drawn = (id: string): Promise<string> => demo.page.$eval(`${part(id)} canvas`, (canvas) => (canvas as HTMLCanvasElement).toDataURL());

const ready = () => demo.ready("convolution");

describe("The network that reads digits", () => {
  test("learns, and the page stays responsive", async () => {
    await open();
    await ready();
    expect(await demo.number("dispatches")).toBeGreaterThan(5);
    expect(await demo.number("dispatches")).toBeLessThanOrEqual(40);
    await demo.page.click(part("start"));
    await demo.until("count", { from: 3 }, 30);
    const pauses = await demo.lateness();
    await demo.until("held-out", { from: 80 }, 100);
    console.log(
      `demo: ${await demo.text("held-out")} of held-out fonts after ${await demo.text("count")} steps, ${await demo.text("speed")} steps/s`,
    );
    console.log(`demo: timers late by ${pauses[30].toFixed(0)} ms (median), ${pauses[59].toFixed(0)} ms (worst of 60)`);
    await demo.screenshots("convolution-learned");
    expect(demo.problems).toEqual([]);
  });
});

describe("The textbook's ideas", () => {
  test("a pixel tells its numbers, by pointer and by arrow keys", async () => {
    await open();
    await pointAt("pixels-numbers", [0, 2], 16);
    expect(await demo.text("pixels-value")).toMatch(/^Row 1, column 3: red \d+, green \d+, blue \d+\. Grey is 0\.299/);
    await demo.page.focus(`${part("pixels-picture")} canvas`);
    await demo.page.keyboard.press("ArrowDown");
    await demo.page.keyboard.press("ArrowRight");
    expect(await demo.text("pixels-value")).toMatch(/^Row 2, column 4:/);
    const before = await drawn("pixels-numbers");
    await demo.page.$eval('input[name="channel"][value="0"]', (radio) => (radio as HTMLInputElement).click());
    expect(await drawn("pixels-numbers")).not.toBe(before);
    expect(demo.problems).toEqual([]);
  });

  test("screenshots", async () => {
    await open();
    await demo.screenshots("convolution");
    expect(demo.problems).toEqual([]);
  });
});
