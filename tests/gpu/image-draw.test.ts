import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMPOSITED } from "../support/flags.ts";
import { inPage, type OwnBrowser, ownBrowser } from "../support/page.ts";
import type * as page from "./pages/image-draw.ts";

const PAGE = "tests/gpu/pages/image-draw.ts";

let composited: OwnBrowser;
let cases: string[];
beforeAll(async () => {
  composited = await ownBrowser(COMPOSITED);
  cases = await inPage<string[]>(PAGE, "cases");
});
afterAll(() => composited?.close());

type Drawn = Awaited<ReturnType<typeof page.drawn>>;

/** A value that lies just between two bytes may fall to either side. */
function expectClose({ most, count, size }: Drawn["pixels"], what: string): void {
  expect(most, what).toBeLessThanOrEqual(1);
  expect(count, what).toBeLessThanOrEqual(0.001 * 4 * size[0] * size[1]);
}

describe("tensors as pictures", () => {
  test("pixels, and canvases drawn through them, are what the reference draws", async () => {
    expect(cases.length).toBeGreaterThan(10);
    for (const name of cases) {
      const { pixels, canvas, again, context } = await inPage<Drawn>(PAGE, "drawn", name, false);
      expectClose(pixels, name);
      for (const seen of [canvas, again]) expect(seen.most, `${name} on a canvas`).toBeLessThanOrEqual(2);
      expect(context).toBe("2d");
    }
  });

  test("canvases of WebGPU are what the reference draws", async () => {
    for (const name of cases) {
      const { pixels, canvas, again, context } = await composited.inPage<Drawn>(PAGE, "drawn", name, true);
      expectClose(pixels, name);
      for (const seen of [canvas, again]) expect(seen.most, `${name} on a canvas`).toBeLessThanOrEqual(2);
      expect(context).toBe("webgpu");
    }
  });

  test("a canvas that has a 2D context keeps it", async () => {
    expect(await inPage(PAGE, "onPage")).toEqual([255, 255, 255, 255, 51, 51, 51, 255]);
  });

  test("outputs and variables are drawn where they lie", async () => {
    const { output, variable, after } = await inPage<Awaited<ReturnType<typeof page.located>>>(PAGE, "located");
    // two channels of two pixels each
    expect(output).toEqual([0, 102, 51, 153]);
    expect(variable).toEqual([0, 102, 51, 153]);
    expect(after).toEqual([255, 255, 255, 0]);
  });

  test("a reference engine draws too", async () => {
    const expected = [255, 0, 51, 255, 51, 0, 10, 255];
    expect(await inPage(PAGE, "onReference")).toEqual({ pixels: expected, canvas: expected });
  });
});
