import { describe, expect, test } from "vitest";
import { DemoPage, part } from "../support/demo-page.ts";
import { cellColors, distance, type Grid, largest, mix, slide, themeColor } from "../support/grid.ts";

const demo = DemoPage.forEachTest();

const open = async () => {
  await demo.open("convolution");
  await demo.page.waitForSelector("#panel-convolution canvas");
};

/** The middle of a cell of a grid with that many rows and columns, in the window. */
async function placeOf(id: string, [row, column]: readonly [number, number], count: number): Promise<readonly [number, number]> {
  const canvas = await demo.page.$(`${part(id)} canvas`);
  await canvas?.scrollIntoView();
  const box = await canvas?.boundingBox();
  if (!box) throw new Error(`${id} is not in view`);
  return [box.x + ((column + 0.5) / count) * box.width, box.y + ((row + 0.5) / count) * box.height];
}

const pointAt = async (id: string, cell: readonly [number, number], count: number): Promise<void> =>
  demo.page.mouse.move(...(await placeOf(id, cell, count)));

const choose = (id: string, value: string): Promise<unknown> => demo.page.select(part(id), value);
const check = (name: string, value: string): Promise<void> =>
  demo.page.$eval(`#panel-convolution input[name="${name}"][value="${value}"]`, (radio) => (radio as HTMLInputElement).click());
/** A number as the page writes it, with a true minus sign. */
const numeral = (text: string | undefined): number => Number((text ?? "").replace("−", "-"));

describe("A picture is a grid of numbers", () => {
  test("a pixel tells the numbers of its colour, by pointer and by arrow keys, and each channel shows its own", async () => {
    await open();
    const picture = await cellColors(demo.page, "pixels-picture", 16, 16);
    expect(new Set(picture.map(String)).size).toBeGreaterThan(20);
    const told = async () =>
      (/red (\d+), green (\d+), blue (\d+)\..*= (\d+)\.$/.exec(await demo.text("pixels-value")) ?? []).slice(1).map(Number);
    for (const [row, column] of [
      [0, 2],
      [5, 6],
      [12, 9],
      [3, 12],
    ] as const) {
      await pointAt("pixels-numbers", [row, column], 16);
      expect(await demo.text("pixels-value")).toContain(`Row ${row + 1}, column ${column + 1}:`);
      const [red, green, blue] = picture[16 * row + column];
      expect(await told()).toEqual([red, green, blue, Math.round(0.299 * red + 0.587 * green + 0.114 * blue)]);
    }
    await demo.page.focus(`${part("pixels-picture")} canvas`);
    await demo.page.keyboard.press("ArrowDown");
    await demo.page.keyboard.press("ArrowLeft");
    expect(await demo.text("pixels-value")).toContain("Row 5, column 12:");
    expect((await told()).slice(0, 3)).toEqual([...picture[16 * 4 + 11]]);

    for (const [channel, name] of ["red", "green", "blue"].entries()) {
      const expected = picture.map((color) => [0, 1, 2].map((c) => (c === channel ? color[c] : 0)));
      expect(await cellColors(demo.page, `pixels-${name}`, 16, 16)).toEqual(expected);
      await check("channel", String(channel));
      const shown = await cellColors(demo.page, "pixels-numbers", 16, 16);
      // the cell that is pointed at has a frame
      expect(shown.filter((color, i) => String(color) !== String(expected[i])).length).toBeLessThanOrEqual(1);
    }
    expect(demo.problems).toEqual([]);
  });
});

describe("A file that is dropped", () => {
  /** Drops one on the page. @returns whether the browser would have left the page for it. */
  const drop = (file: { name: string; color?: string }): Promise<boolean> =>
    demo.page.evaluate(async ({ name, color }) => {
      const canvas = new OffscreenCanvas(40, 40);
      const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
      context.fillStyle = color ?? "";
      context.fillRect(0, 0, 40, 40);
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(color ? new File([await canvas.convertToBlob()], name, { type: "image/png" }) : new File(["words"], name));
      return document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }, file);

  test("is shown where it is a picture, told where it is none, and the page stays", async () => {
    await open();
    expect(await drop({ name: "red.png", color: "rgb(200, 30, 10)" })).toBe(false);
    await demo.untilText("pixels-value", /red 200, green 30, blue 10\./);
    expect(new Set((await cellColors(demo.page, "pixels-red", 16, 16)).map(String))).toEqual(new Set(["200,0,0"]));
    expect(await drop({ name: "words.txt" })).toBe(false);
    await demo.untilText("pixels-value", /^“words\.txt” is no image that this browser can read\.$/);
    expect(demo.problems).toEqual([]);
  });
});

describe("A filter slides over the image", () => {
  const WEIGHTS = [2, -1, 3, 0.5, -4, 1, 5, -2, -3];

  async function setWeights(weights: readonly number[]): Promise<void> {
    const inputs = await demo.page.$$(`${part("filter-weights")} input`);
    expect(inputs).toHaveLength(weights.length);
    for (const [i, input] of inputs.entries()) {
      await input.click({ count: 3 });
      await input.type(String(weights[i]));
    }
  }

  /** Compares the number, the sizes and the map that are shown with what the image and the weights give. */
  async function expectResponses(weights: readonly number[], stride: number, side: number): Promise<void> {
    const pixels = await cellColors(demo.page, "slide-image", side, side);
    const image: Grid = { rows: side, columns: side, values: pixels.map(([grey]) => grey / 255) };
    const expected = slide(image, weights, stride);
    // colours are whole numbers, and the frame around the filter covers some
    const slack = weights.reduce((sum, weight) => sum + Math.abs(weight), 0) / 510 + 0.006;
    expect(await demo.text("slide-sizes")).toContain(`${expected.rows}\u00a0×\u00a0${expected.columns} responses out`);
    let told = 0;
    for (const [row, column] of [
      [1, 1],
      [expected.rows >> 1, expected.columns >> 1],
      [expected.rows - 2, 3],
    ] as const) {
      await pointAt("slide-map", [row, column], expected.rows);
      const [, r, c, sum] = /^Row (\d+), column (\d+): .* = (\S+)$/.exec(await demo.text("slide-sum")) ?? [];
      expect([Number(r), Number(c)]).toEqual([row + 1, column + 1]);
      expect(Math.abs(numeral(sum) - expected.values[row * expected.columns + column])).toBeLessThan(slack);
      told += Math.abs(numeral(sum));
    }
    expect(told).toBeGreaterThan(0);
    const limit = numeral(await demo.text("slide-high"));
    expect(numeral(await demo.text("slide-low"))).toBe(-limit);
    expect(Math.abs(limit - Math.max(...expected.values.map(Math.abs)))).toBeLessThan(slack);
    const [page, high, low] = [
      await themeColor(demo.page, "--page"),
      await themeColor(demo.page, "--accent"),
      await themeColor(demo.page, "--warm"),
    ];
    const shown = await cellColors(demo.page, "slide-map", expected.rows, expected.columns);
    const wrong = expected.values.filter(
      (value, i) => distance(shown[i], mix(page, value < 0 ? low : high, Math.abs(value) / limit)) > 4 + (255 * slack) / limit,
    );
    expect(wrong.length, "cells of the map with another colour than their response has").toBeLessThanOrEqual(1);
  }

  test("the number that is shown is the sum of products, for one's own weights, any stride and padding", async () => {
    await open();
    await setWeights(WEIGHTS);
    expect(await demo.page.$eval(part("filter-kind"), (select) => (select as HTMLSelectElement).value)).toBe("own");
    await demo.page.mouse.move(0, 0);
    await expectResponses(WEIGHTS, 1, 24);
    await choose("slide-stride", "2");
    await expectResponses(WEIGHTS, 2, 24);
    await choose("slide-padding", "same");
    await expectResponses(WEIGHTS, 2, 25);
    await choose("slide-stride", "1");
    await choose("slide-padding", "full");
    await expectResponses(WEIGHTS, 1, 28);
    expect(demo.problems).toEqual([]);
  });

  test("known filters have the numbers that their fields show, in both sizes, which add up to 0, or to 1 where they blur", async () => {
    await open();
    const shown = () =>
      demo.page.$$eval(`${part("filter-weights")} input`, (inputs) => inputs.map((input) => (input as HTMLInputElement).valueAsNumber));
    for (const kind of ["vertical", "outline", "blur"])
      for (const size of ["3", "5"]) {
        await choose("filter-kind", kind);
        await check("filter-size", size);
        const weights = await shown();
        expect(weights).toHaveLength(Number(size) ** 2);
        await expectResponses(weights, 1, 24);
        const sum = weights.reduce((a, b) => a + b, 0);
        expect(Math.abs(sum - (kind === "blur" ? 1 : 0))).toBeLessThan(0.011);
      }
    expect(demo.problems).toEqual([]);
  });

  test("the arrow keys move the filter, and Slide takes it over all places", async () => {
    await open();
    await pointAt("slide-map", [4, 4], 22);
    await demo.page.focus(`${part("slide-map")} canvas`);
    await demo.page.keyboard.press("ArrowRight");
    await demo.page.keyboard.press("ArrowUp");
    expect(await demo.text("slide-sum")).toMatch(/^Row 4, column 6:/);
    await demo.page.click(part("slide"));
    await demo.untilText("slide-sum", /^Row ([2-9]|1\d), /);
    expect(await demo.text("slide")).toBe("Stop");
    await demo.page.click(part("slide"));
    expect(await demo.text("slide")).toBe("Slide");
    expect(demo.problems).toEqual([]);
  });
});

describe("Pooling and maxout", () => {
  const DETECTORS = { vertical: [-1, 0, 1, -2, 0, 2, -1, 0, 1], horizontal: [-1, -2, -1, 0, 0, 0, 1, 2, 1] } as const;

  /** The digit that is shown, as brightness from 0 to 1. */
  async function digit(): Promise<Grid> {
    const [paper, ink] = [await themeColor(demo.page, "--page"), await themeColor(demo.page, "--text")];
    const colors = await cellColors(demo.page, "drag-digit", 24, 24);
    return { rows: 24, columns: 24, values: colors.map(([red]) => (paper[0] - red) / (paper[0] - ink[0])) };
  }

  const relu = (grid: Grid): Grid => ({ ...grid, values: grid.values.map((value) => Math.max(0, value)) });

  /** Compares how many values changed, and of how many, with what the two digits give. */
  async function expectChange(name: string, before: Grid, after: Grid, limit: number): Promise<number> {
    const difference = after.values.map((value, i) => Math.abs(value - before.values[i]));
    const changed = difference.filter((value) => value > 0.1 * limit).length;
    const alive = after.values.filter((value, i) => Math.max(value, before.values[i]) > 0.1 * limit).length;
    // colours are whole numbers: a value at the threshold may fall to its other side
    expect(Math.abs((await demo.number(`${name}-change`)) - (100 * changed) / alive), name).toBeLessThan(2 + 100 / alive);
    const [, shown] = /of (\d+) active/.exec(await demo.text(`${name}-change-of`)) ?? [];
    expect(Math.abs(Number(shown) - alive), name).toBeLessThanOrEqual(2);
    return changed / alive;
  }

  test("a digit dragged by a pixel changes the detector's responses more than the pooled ones, by the shares that are shown", async () => {
    await open();
    const still = await digit();
    expect(await demo.text("detector-change")).toBe("0 %");
    const from = await placeOf("drag-digit", [12, 12], 24);
    const to = await placeOf("drag-digit", [12, 13], 24);
    await demo.page.mouse.move(...from);
    await demo.page.mouse.down();
    await demo.page.mouse.move(...to);
    await demo.page.mouse.up();
    expect(await demo.text("drag-pose")).toBe("Moved from where it began: 1 px right.");
    const moved = await digit();
    for (let row = 0; row < 24; row++)
      for (let column = 1; column < 24; column++)
        expect(Math.abs(moved.values[24 * row + column] - still.values[24 * row + column - 1])).toBeLessThan(0.02);
    for (const [kind, weights] of Object.entries(DETECTORS))
      for (const [width, stride] of [
        [4, 4],
        [3, 2],
        [6, 3],
      ] as const) {
        await choose("drag-filter", kind);
        await choose("pool-width", String(width));
        await choose("pool-stride", String(stride));
        const [before, after] = [relu(slide(still, weights)), relu(slide(moved, weights))];
        const limit = Math.max(...before.values);
        const detected = await expectChange("detector", before, after, limit);
        const pooled = await expectChange("pooled", largest(before, width, stride), largest(after, width, stride), limit);
        if (kind === "vertical") expect(pooled).toBeLessThan(detected);
        const side = Math.floor((22 - width) / stride) + 1;
        expect(await demo.text("drag-pooled-size")).toBe(`${side}\u00a0×\u00a0${side}`);
        // and what the pooled map shows
        const [page, high] = [await themeColor(demo.page, "--page"), await themeColor(demo.page, "--accent")];
        const colors = await cellColors(demo.page, "drag-pooled", side, side);
        largest(after, width, stride).values.forEach((value, i) => {
          expect(distance(colors[i], mix(page, high, value / limit))).toBeLessThan(6);
        });
      }
    await demo.page.focus(`${part("drag-digit")} canvas`);
    await demo.page.keyboard.press("ArrowDown");
    expect(await demo.text("drag-pose")).toBe("Moved from where it began: 1 px right, 1 px down.");
    await demo.page.click(part("drag-home"));
    expect((await digit()).values).toEqual(still.values);
    expect(demo.problems).toEqual([]);
  });

  test("each filter answers to the digit turned as it knows it, and maxout is the largest of the three", async () => {
    await open();
    const turnTo = (degrees: number) =>
      demo.page.$eval(
        part("drag-turn"),
        (input, value) => {
          Object.assign(input, { value });
          input.dispatchEvent(new Event("input"));
        },
        String(degrees),
      );
    const angles = [-30, 0, 30];
    const digits = new Map<number, Grid>();
    for (const degrees of [...angles, -60, -15, 10]) {
      await turnTo(degrees);
      digits.set(degrees, await digit());
    }
    /** The digit's middle, zero in the mean, and scaled so that it answers 1 to itself. */
    const filter = (grid: Grid): number[] => {
      const cut = Array.from({ length: 256 }, (_, i) => grid.values[24 * (4 + Math.floor(i / 16)) + 4 + (i % 16)]);
      const mean = cut.reduce((a, b) => a + b, 0) / 256;
      const power = cut.reduce((sum, value) => sum + (value - mean) * value, 0);
      return cut.map((value) => (value - mean) / power);
    };
    const filters = angles.map((angle) => filter(digits.get(angle) as Grid));
    for (const [degrees, grid] of digits) {
      await turnTo(degrees);
      const expected = filters.map((weights) => Math.max(0, ...slide(grid, weights).values));
      const shown: number[] = [];
      for (let i = 0; i < 3; i++) shown.push(await demo.number(`turn-response-${i}`));
      shown.forEach((response, i) => {
        expect(Math.abs(response - expected[i]), `${angles[i]}° at ${degrees}°`).toBeLessThan(0.03);
      });
      expect(await demo.number("turn-response-maxout")).toBe(Math.max(...shown));
      const winner = await demo.page.$$eval(`${part("drag-card")} .template`, (all) =>
        all.findIndex(({ classList }) => classList.contains("winner")),
      );
      expect(shown[winner]).toBe(Math.max(...shown));
      if (angles.includes(degrees)) expect([angles[winner], shown[winner]]).toEqual([degrees, 1]);
    }
    expect(demo.problems).toEqual([]);
  });
});

describe("Few connections, shared weights", () => {
  const lit = (id: string) => demo.page.$$eval(`${part(id)} line.lit`, ({ length }) => length);

  test("lines, weights and multiplications are counted as they are, and pointing lights what belongs together", async () => {
    await open();
    // 8 inputs and 8 outputs; at each end the window hangs over by half its width
    for (const [width, edges, uses] of [
      [3, 22, 7],
      [5, 34, 6],
      [7, 44, 5],
    ]) {
      await choose("connect-width", String(width));
      expect(await demo.text("connect-convolution-note")).toBe(`${edges} connections, ${width} weights.`);
      expect(await demo.page.$$eval(`${part("connect-convolution")} line.connection`, ({ length }) => length)).toBe(edges);
      await demo.page.focus(`${part("connect-weights")} button:first-child`);
      expect(await demo.text("connect-convolution-note")).toContain(`used ${uses} times`);
      expect(await lit("connect-convolution")).toBe(uses);
    }
    expect(await demo.text("connect-dense-note")).toBe("64 connections, 64 weights.");
    await demo.page.$eval(`${part("connect-dense")} g[aria-label="output s 4"]`, (node) => (node as SVGElement).focus());
    expect(await demo.text("connect-dense-note")).toBe("Output s₄ sees 8 of the 8 inputs.");
    expect(await lit("connect-dense")).toBe(8);
    await choose("connect-width", "3");
    await demo.page.$eval(`${part("connect-convolution")} g[aria-label="input x 1"]`, (node) => (node as SVGElement).focus());
    expect(await demo.text("connect-convolution-note")).toBe("Input x₁ reaches 2 of the 8 outputs.");
    expect(await lit("connect-convolution")).toBe(2);

    await choose("connect-image", "28");
    expect(await demo.text("count-conv-weights")).toBe("9");
    expect(await demo.text("count-conv-products")).toBe("7,056");
    expect(await demo.text("count-dense-weights")).toBe("614,656");
    expect(await demo.text("count-dense-products")).toBe("614,656");
    expect(await demo.text("count-ratio")).toContain("68,295 times fewer weights and 87 times fewer multiplications");
    expect(demo.problems).toEqual([]);
  });
});
