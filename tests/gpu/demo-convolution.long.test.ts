import { describe, expect, test } from "vitest";
import { DemoPage, part } from "../support/demo-page.ts";
import { cellColors, distance, mix, themeColor } from "../support/grid.ts";
import { handwriting } from "../support/strokes.ts";

const demo = DemoPage.forEachTest();

const open = async () => {
  await demo.open("convolution");
  await demo.page.waitForSelector("#panel-convolution canvas");
};

const ready = () => demo.ready("convolution");

/** Draws strokes with the mouse into a part of the sheet. */
async function write(strokes: (typeof handwriting)[number][number], scale: number, [left, top]: readonly [number, number]): Promise<void> {
  await demo.page.click(part("again"));
  await demo.untilText("answer", /^\?$/);
  const sheet = await demo.page.$(part("sheet"));
  await sheet?.scrollIntoView();
  const box = await sheet?.boundingBox();
  if (!box) throw new Error("there is no sheet to draw on");
  const place = ([x, y]: readonly [number, number]) =>
    [box.x + (left + x * scale) * box.width, box.y + (top + y * scale) * box.height] as const;
  const { mouse } = demo.page;
  for (const stroke of strokes) {
    await mouse.move(...place(stroke[0]));
    await mouse.down();
    for (const point of stroke) await mouse.move(...place(point));
    await mouse.up();
  }
}

/** What the network reads once it has seen all of the drawing: the answer no longer changes. */
async function answer(): Promise<string> {
  const shown = async () => (await demo.text("answer")) + (await demo.text("guesses"));
  for (let last = ""; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const now = await shown();
    if (now === last) return now[0];
    last = now;
  }
}

describe("The network that reads digits", () => {
  test("learns, and reads what is drawn", { timeout: 480_000 }, async () => {
    await open();
    await ready();
    expect(await demo.number("dispatches")).toBeGreaterThan(5);
    expect(await demo.number("dispatches")).toBeLessThanOrEqual(40);
    await demo.page.click(part("start"));
    await demo.until("count", { from: 3 }, 30);
    const pauses = await demo.lateness();
    await demo.until("held-out", { from: 94 }, 300);
    await demo.until("count", { from: 250 }, 300);
    console.log(
      `demo: ${await demo.text("held-out")} of held-out fonts after ${await demo.text("count")} steps, ${await demo.text("speed")} steps/s`,
    );
    console.log(`demo: timers late by ${pauses[30].toFixed(0)} ms (median), ${pauses[59].toFixed(0)} ms (worst of 60)`);
    await demo.page.click(part("start"));
    await ready();
    expect(await demo.text("start")).toBe("Go on");
    // the legend says what the tiles do
    await demo.page.mouse.move(0, 0);
    const legend = await demo.text("accuracy-legend");
    for (const id of ["accuracy", "held-out"]) expect(legend).toContain(` ${(await demo.text(id)).replace(" %", "")}`);

    const read: string[] = [];
    for (const [digit, ways] of handwriting.entries())
      for (const [way, strokes] of ways.entries()) {
        // large in the middle, and small in a corner
        await write(strokes, way === 0 ? 1 : 0.5, way === 0 ? [0, 0] : [0.05, 0.4]);
        read.push(`${digit}${await answer()}`);
      }
    console.log(`demo: drawn digits, each with what it is read as: ${read.join(" ")}`);
    expect(read.filter(([digit, as]) => digit === as).length).toBeGreaterThanOrEqual(17);

    await expectMaps();
    await expectConfusion();
    await expectHeldOutFont();
    await demo.screenshots("convolution-learned");
    expect(demo.problems).toEqual([]);
  });
});

/** Pooled maps are the largest of each square of the maps before them; what is seen is the drawing, centred. */
async function expectMaps(): Promise<void> {
  const { page } = demo;
  const [paper, high] = [await themeColor(page, "--page"), await themeColor(page, "--accent")];
  const share = (color: readonly number[]) => (paper[0] - color[0]) / (paper[0] - high[0]);
  let alive = 0;
  for (let filter = 0; filter < 8; filter++) {
    const detected = (await cellColors(page, "map-detected1", 28, 28, filter)).map(share);
    const pooled = await cellColors(page, "map-pooled1", 14, 14, filter);
    pooled.forEach((color, i) => {
      const corner = 56 * Math.floor(i / 14) + 2 * (i % 14);
      const most = Math.max(...[0, 1, 28, 29].map((offset) => detected[corner + offset]));
      expect(distance(color, mix(paper, high, most)), `filter ${filter}, cell ${i}`).toBeLessThanOrEqual(3);
    });
    alive += Number(detected.some((value) => value > 0.2));
  }
  expect(alive).toBeGreaterThanOrEqual(3);
  const ink = await themeColor(page, "--text");
  const seen = (await cellColors(page, "map-seen", 28, 28)).map(([red]) => (paper[0] - red) / (paper[0] - ink[0]));
  const rows = seen.flatMap((value, i) => (value > 0.3 ? [Math.floor(i / 28)] : []));
  expect([Math.min(...rows), Math.max(...rows)]).toEqual([5, 22]);
}

/** The cells on the diagonal add up to what is read correctly. */
async function expectConfusion(): Promise<void> {
  await demo.page.focus(`${part("confusion")} canvas`);
  // to the upper left corner, whose row and column are the digits' names
  for (let i = 0; i < 11; i++) for (const key of ["ArrowUp", "ArrowLeft"] as const) await demo.page.keyboard.press(key);
  let [right, all] = [0, 0];
  for (let digit = 0; digit < 10; digit++) {
    for (const key of ["ArrowDown", "ArrowRight"] as const) await demo.page.keyboard.press(key);
    const [, name, times, of] = /^(\d) is read correctly (\d+) of (\d+) times\.$/.exec(await demo.text("confusion-note")) ?? [];
    expect(name).toBe(String(digit));
    right += Number(times);
    all += Number(of);
  }
  expect(all).toBe(400);
  expect(await demo.text("held-out")).toBe(`${((100 * right) / all).toFixed(1)} %`);
}

async function expectHeldOutFont(): Promise<void> {
  await demo.page.$eval('input[name="source"][value="font"]', (radio) => (radio as HTMLInputElement).click());
  const verdicts: string[] = [];
  for (let i = 0; i < 8; i++) {
    const last = await demo.text("stage-note");
    await demo.page.click(part("again"));
    await answer();
    verdicts.push(await demo.text("answer-note"));
    expect(await demo.text("stage-note")).toMatch(/^Printed in [A-Z][A-Za-z ]+, which it does not learn from\.$/);
    expect(last).toContain("Printed in");
  }
  expect(verdicts.filter((note) => note.startsWith("Right.")).length).toBeGreaterThanOrEqual(6);
}
