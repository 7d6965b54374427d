import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMPOSITED } from "../support/flags.ts";
import { inPage, type OwnBrowser, ownBrowser } from "../support/page.ts";
import type * as page from "./pages/frames.ts";

const PAGE = "tests/gpu/pages/frames.ts";

let composited: OwnBrowser;
beforeAll(async () => {
  composited = await ownBrowser(COMPOSITED);
});
afterAll(() => composited?.close());

const compositedPage = ((...args) => composited.inPage(...args)) as typeof inPage;

/** Where Chromium composits on SwiftShader too, frames can come to the GPU in every way; in the plain browser they are drawn. */
const WAYS: readonly (readonly [browser: string, call: typeof inPage, route: page.Route])[] = [
  ["composited", compositedPage, "external"],
  ["composited", compositedPage, "copy"],
  ["composited", compositedPage, "canvas"],
  ["plain", inPage, "canvas"],
];

type Triple = readonly number[];
const clamp = (value: number): number => Math.min(255, Math.max(0, 255 * value));
const times = (m: readonly Triple[], v: Triple): number[] => m.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]);

/** Rec. ITU-R BT.709 and BT.601: parts of red and blue in Y. */
const LUMA = { bt709: [0.2126, 0.0722], smpte170m: [0.299, 0.114] } as const;

/** Y, U and V of 8 bits as red, green and blue of the same primaries, from 0 to 1. */
function rgbOf([y, u, v]: Triple, matrix: keyof typeof LUMA, fullRange: boolean): number[] {
  const [kr, kb] = LUMA[matrix];
  const luma = fullRange ? y / 255 : (y - 16) / 219;
  const [pb, pr] = [u, v].map((value) => (value - 128) / (fullRange ? 255 : 224));
  const [red, blue] = [luma + 2 * (1 - kr) * pr, luma + 2 * (1 - kb) * pb];
  return [red, (luma - kr * red - kb * blue) / (1 - kr - kb), blue];
}

/** Light of SMPTE C primaries (BT.601 with 525 lines) in those of sRGB; both have the white D65. */
const SMPTE_C = [
  [0.93954, 0.05018, 0.01028],
  [0.01777, 0.96579, 0.01644],
  [-0.00162, -0.00437, 1.00599],
];
const light = (value: number): number => {
  const size = Math.abs(value);
  return Math.sign(value) * (size <= 0.04045 ? size / 12.92 : ((size + 0.055) / 1.055) ** 2.4);
};
const stored = (value: number): number => {
  const size = Math.abs(value);
  return Math.sign(value) * (size <= 0.0031308 ? 12.92 * size : 1.055 * size ** (1 / 2.4) - 0.055);
};

const SPACES: Readonly<Record<string, readonly [space: VideoColorSpaceInit, expected: (yuv: Triple) => number[]]>> = {
  "BT.709, 16 to 235": [
    { matrix: "bt709", primaries: "bt709", transfer: "bt709", fullRange: false },
    (yuv) => rgbOf(yuv, "bt709", false).map(clamp),
  ],
  "BT.709, 0 to 255": [
    { matrix: "bt709", primaries: "bt709", transfer: "bt709", fullRange: true },
    (yuv) => rgbOf(yuv, "bt709", true).map(clamp),
  ],
  "BT.601, as JPEG has it": [
    { matrix: "smpte170m", primaries: "bt709", transfer: "iec61966-2-1", fullRange: true },
    (yuv) => rgbOf(yuv, "smpte170m", true).map(clamp),
  ],
  "BT.601, as cameras have it": [
    { matrix: "smpte170m", primaries: "smpte170m", transfer: "smpte170m", fullRange: false },
    (yuv) =>
      times(SMPTE_C, rgbOf(yuv, "smpte170m", false).map(light))
        .map(stored)
        .map(clamp),
  ],
};

describe("colours of frames", () => {
  for (const [browser, call, route] of WAYS)
    for (const [space, [init, expected]] of Object.entries(SPACES))
      test(`${space}: ${route}, ${browser} browser`, async () => {
        const got = await call<number[][]>(PAGE, "colors", route, init);
        const quarters = (await call<typeof page.QUARTERS>(PAGE, "quarters")) as readonly Triple[];
        // Chromium's 2D canvas converts in small whole numbers, which lose most of a strong blue, and takes all primaries for those of sRGB.
        const drawnAs = init.primaries === "smpte170m" ? (yuv: Triple) => rgbOf(yuv, "smpte170m", false).map(clamp) : expected;
        const [rule, slack] = route === "canvas" ? [drawnAs, 10] : [expected, 1.5];
        for (const [q, color] of got.entries())
          for (const [c, value] of color.entries()) {
            expect(Math.abs(value - rule(quarters[q])[c]), `quarter ${q}: ${color}, not ${rule(quarters[q])}`).toBeLessThan(slack);
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(255);
          }
        // The same numbers, but for the rounding of a copy to bytes.
        if (route === "external") {
          const copied = await call<number[][]>(PAGE, "colors", "copy", init);
          got.flat().forEach((value, i) => {
            expect(Math.abs(value - copied.flat()[i])).toBeLessThan(0.75);
          });
        }
      });
});

const SHAPES: Readonly<Record<string, page.Shape>> = {
  "1 × 1": { width: 1, height: 1 },
  "1 × 9": { width: 1, height: 9 },
  "17 × 33": { width: 17, height: 33 },
  "a part that is visible": { width: 40, height: 30, visibleRect: { x: 4, y: 6, width: 18, height: 14 } },
  ...Object.fromEntries(
    [0, 90, 180, 270].flatMap((rotation) =>
      [false, true].map((flip) => [`turned by ${rotation}°${flip ? ", mirrored" : ""}`, { width: 24, height: 14, rotation, flip }]),
    ),
  ),
  "a part that is visible, turned": { width: 40, height: 30, rotation: 90, visibleRect: { x: 4, y: 6, width: 18, height: 14 } },
};

describe("shapes of frames", () => {
  for (const [browser, call, route] of WAYS)
    test(`sizes, parts, turns: ${route}, ${browser} browser`, async () => {
      for (const [what, shape] of Object.entries(SHAPES)) {
        const { size, error } = await call<Awaited<ReturnType<typeof page.shape>>>(PAGE, "shape", route, shape);
        const { width, height } = shape.visibleRect ?? shape;
        expect(size, what).toEqual((shape.rotation ?? 0) % 180 === 0 ? [height, width] : [width, height]);
        expect(error, what).toBeLessThan(1.1);
      }
    });

  for (const [browser, call, route] of WAYS)
    test(`shown wider than it is; one dispatch and one frame: ${route}, ${browser} browser`, async () => {
      const { size, halves, calls } = await call<Awaited<ReturnType<typeof page.stretched>>>(PAGE, "stretched", route);
      expect(size).toEqual([8, 32]);
      expect(halves[0]).toBeCloseTo(200, 0);
      expect(halves[1]).toBeCloseTo(40, 0);
      const { imports, copies, dispatches, submits, buffers } = calls;
      const [imported, copied] = route === "external" ? [1, 0] : [0, 1];
      expect({ imports, copies, dispatches, submits, buffers }).toEqual({
        imports: imported,
        copies: copied,
        dispatches: 1,
        submits: 1,
        buffers: 0,
      });
    });

  for (const [browser, call, route] of WAYS)
    test(`an opaque frame's alpha: ${route}, ${browser} browser`, async () => {
      const got = await call<number[]>(PAGE, "opaque", route);
      got.forEach((value, i) => {
        expect(Math.abs(value - [200, 100, 50, 255][i % 4])).toBeLessThan(0.01);
      });
    });
});

describe("a video element", () => {
  test("is read by way of its frame, or copied where there is none to be had; without a frame it is told", async () => {
    const { today, older, truth, early } = await compositedPage<Awaited<ReturnType<typeof page.element>>>(PAGE, "element");
    expect(new Set(truth).size).toBeGreaterThan(20);
    // means of 20 × 20 pixels, after VP8
    for (const values of [today, older])
      values.forEach((value, i) => {
        expect(Math.abs(value - truth[i])).toBeLessThan(4);
      });
    expect(early).toMatch(/UnrollError: ImageReader.read: the video has no frame yet: read in requestVideoFrameCallback/);
  });
});

describe("a device that refuses frames", () => {
  const expected = [0, 1, 2].map((i) => [100 + 10 * i, 101 + 10 * i]);
  const expectClose = (values: number[][]) => {
    values.flat().forEach((value, i) => {
      expect(Math.abs(value - expected.flat()[i])).toBeLessThan(1.1);
    });
  };

  test("as external textures: is asked once, then copies", async () => {
    const { tried, values } = await compositedPage<Awaited<ReturnType<typeof page.refusing>>>(PAGE, "refusing", ["external"]);
    expect(tried).toEqual([1, 0]);
    expectClose(values);
  });

  for (const [browser, call] of [["composited", compositedPage] as const, ["plain", inPage] as const])
    test(`as copies too: is asked once, then draws, ${browser} browser`, async () => {
      const { tried, values } = await call<Awaited<ReturnType<typeof page.refusing>>>(PAGE, "refusing", ["external", "copy"]);
      expect(tried).toEqual([1, 1]);
      expectClose(values);
    });

  test("as copies alone: draws until the pipeline for external textures is there", async () => {
    const { tried, values } = await compositedPage<Awaited<ReturnType<typeof page.refusing>>>(PAGE, "refusing", ["copy"]);
    expect(tried).toEqual([0, 1]);
    expectClose(values);
  });

  test("and runs in software: is not asked, because some lose the device", async () => {
    const { tried, values } = await inPage<Awaited<ReturnType<typeof page.refusing>>>(PAGE, "refusing", ["external", "copy"], true);
    expect(tried).toEqual([0, 0]);
    expectClose(values);
  });
});
