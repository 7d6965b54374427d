import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMPOSITED } from "../support/flags.ts";
import { inPage, ownBrowser } from "../support/page.ts";
import { type FilmFile, fakeCamera, writeY4m } from "../support/y4m.ts";
import type { CameraReport } from "./pages/camera.ts";
import type { train, Weights } from "./pages/reading-digits.ts";
import type { lumaOfShots } from "./pages/shots.ts";

const SHOTS = 10;
/** Slow enough for a software GPU to see each. */
const FRAMES_PER_SECOND = 8;

let film: FilmFile;
let labels: readonly number[];
let weights: Weights;

beforeAll(async () => {
  const luma = await inPage<Awaited<ReturnType<typeof lumaOfShots>>>("tests/gpu/pages/shots.ts", "lumaOfShots", SHOTS);
  labels = luma.labels;
  film = await writeY4m(luma.frames, 320, 240, FRAMES_PER_SECOND);
  const trained = await inPage<Awaited<ReturnType<typeof train>>>("tests/gpu/pages/reading-digits.ts", "train");
  expect(trained.right).toBeGreaterThan(0.97);
  weights = trained.weights;
});
afterAll(() => film?.remove());

/** Where the browser composits on SwiftShader too, frames come to the GPU as they do on one. */
const BROWSERS = { "drawn on a canvas": [], "as external textures": COMPOSITED } as const;

describe("the camera is classified frame by frame", () => {
  for (const [way, flags] of Object.entries(BROWSERS))
    test(`frames ${way}`, async () => {
      const browser = await ownBrowser([...flags, ...fakeCamera(film.path)]);
      try {
        const software = flags.length === 0;
        const { size, video, frames, calls, buffers } = await browser.inPage<CameraReport>(
          "tests/gpu/pages/camera.ts",
          "look",
          weights,
          software,
          SHOTS,
        );
        expect(size).toEqual([320, 240]);
        for (const [how, sights] of Object.entries({ video, frames })) {
          const wrong = sights.filter(([shot, digit]) => digit !== labels[shot]);
          expect(wrong, `${how}: [shot, digit that was read]`).toEqual([]);
          expect(new Set(sights.map(([shot]) => shot)).size, `${how}: shots that were seen`).toBeGreaterThanOrEqual(SHOTS / 2);
        }
        console.log(`camera, ${way}: ${video.length} frames of the video element, ${frames.length} of the track, all read right`);
        expect(buffers[1]).toBe(buffers[0]);
        // Each frame costs one import, or one copy of a canvas, and nothing is left of it.
        const { imports, copies, textures, destroyedTextures } = calls;
        const looks = video.length + frames.length;
        if (software) expect({ imports, enough: copies >= looks }).toEqual({ imports: 0, enough: true });
        else expect({ copies, enough: imports >= looks }).toEqual({ copies: 0, enough: true });
        expect(textures).toBe(destroyedTextures);
      } finally {
        await browser.close();
      }
    });
});
