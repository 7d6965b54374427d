import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMPOSITED } from "../support/flags.ts";
import { inPage, type OwnBrowser, ownBrowser } from "../support/page.ts";
import type { Batching } from "./pages/image.ts";

const PAGE = "tests/gpu/pages/image.ts";

let composited: OwnBrowser;
beforeAll(async () => {
  composited = await ownBrowser(COMPOSITED);
  await composited.inPage(PAGE, "asOnHardware");
});
afterAll(() => composited?.close());

const KINDS = ["ImageData", "PixelData", "ImageBitmap", "OffscreenCanvas", "HTMLCanvasElement", "HTMLImageElement", "VideoFrame"];
const BROWSERS = { plain: inPage, composited: ((...args) => composited.inPage(...args)) as typeof inPage };

for (const [browser, call] of Object.entries(BROWSERS))
  describe(`images in, ${browser} browser`, () => {
    for (const kind of KINDS)
      test(`${kind}: every filter at ragged sizes, as the reference has it`, async () => {
        const worst = await call<Record<string, number>>(PAGE, "ragged", kind);
        // nearest and what is not resized has the rounding of one multiply-add; sums of many texels a little more
        for (const [what, error] of Object.entries(worst)) expect(error, what).toBeLessThan(1e-6);
      });

    for (const kind of KINDS)
      test(`${kind}: the bytes themselves, the first row first`, async () => {
        const { got, expected } = await call<{ got: number[]; expected: number[] }>(PAGE, "bytes", kind);
        // What comes through an external texture is not rounded to bytes, because a video's colours need not be any.
        if (kind === "VideoFrame") for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i], 4);
        else expect(got).toEqual(expected);
      });

    for (const kind of ["ImageData", "ImageBitmap", "OffscreenCanvas", "HTMLCanvasElement", "HTMLImageElement", "VideoFrameWithAlpha"])
      test(`${kind}: what lets through`, async () => {
        const { straight, blended, smooth, bytes } = await call<{
          straight: number[];
          blended: number[];
          smooth: number;
          bytes: number[];
        }>(PAGE, "translucent", kind);
        // A browser may keep pictures multiplied by alpha: then colours come back rounded, by half a step over alpha.
        straight.forEach((value, i) => {
          const alpha = bytes[i | 3] / 255;
          const slack = kind === "ImageData" || i % 4 === 3 ? 0 : alpha > 0 ? 1 / alpha : 0;
          expect(Math.abs(value - bytes[i]), `byte ${i}: ${value}`).toBeLessThanOrEqual(slack);
        });
        for (const [i, expected] of [
          200,
          100,
          50,
          200 * 0.502,
          100 * 0.502 + 102 * 0.498,
          50 * 0.502 + 255 * 0.498,
          0,
          102,
          255,
          51,
          132.6,
          255,
        ].entries())
          expect(Math.abs(blended[i] - expected), `blended ${i}`).toBeLessThan(1.2);
        expect(smooth).toBeLessThan(kind === "ImageData" ? 1e-6 : 0.01);
      });
  });

describe("images in", () => {
  test("a place in a batch; a program takes the buffer; runs and reads keep their order", async () => {
    const { shape, usable, before, dispatches } = await inPage<Batching>(PAGE, "batches");
    expect(shape).toEqual([3, 1, 2, 1]);
    expect(before).toEqual([20, 22, 24, 26, 28, 30, 32, 34, 36]);
    expect(usable).toEqual([2, 4, 198, 198, 10, 12]);
    expect(dispatches).toBe(1);
  });

  test("pictures side by side in one are read into the batch, with the values that each would have alone", async () => {
    for (const reference of [false, true]) {
      const { together, apart } = await inPage<{ together: number[]; apart: number[] }>(PAGE, "sheets", reference);
      expect(together).toHaveLength(6 * 5 * 7 * 3);
      expect(together.slice(0, 105).every((value) => value === 0)).toBe(true);
      expect(new Set(together).size).toBeGreaterThan(400);
      expect(together).toEqual(apart);
    }
  });
});
