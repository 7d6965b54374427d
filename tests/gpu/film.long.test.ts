import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMPOSITED } from "../support/flags.ts";
import { inPage, type OwnBrowser, ownBrowser } from "../support/page.ts";
import type { decode, FilmReport } from "./pages/film.ts";
import type { train, Weights } from "./pages/reading-digits.ts";

const PAGE = "tests/gpu/pages/film.ts";
const SHOTS = 10;

/** Browsers of its own: pages that another one covers are shown no frames, and few timers. */
let plain: OwnBrowser;
let composited: OwnBrowser;
let weights: Weights;
beforeAll(async () => {
  [plain, composited] = await Promise.all([ownBrowser([]), ownBrowser(COMPOSITED)]);
  const trained = await inPage<Awaited<ReturnType<typeof train>>>("tests/gpu/pages/reading-digits.ts", "train");
  expect(trained.right).toBeGreaterThan(0.97);
  weights = trained.weights;
});
afterAll(() => Promise.all([plain?.close(), composited?.close()]));

/** Where the browser composits on SwiftShader too, frames come to the GPU as they do on one. */
const BROWSERS = {
  plain: ((...args) => plain.inPage(...args)) as typeof inPage,
  composited: ((...args) => composited.inPage(...args)) as typeof inPage,
};

for (const [browser, call] of Object.entries(BROWSERS))
  describe(`a film is classified, ${browser} browser`, () => {
    const software = browser === "plain";

    for (const type of software ? ["video/webm;codecs=vp8"] : ["video/webm;codecs=vp8", "video/webm;codecs=vp9"])
      test(`${type}, recorded: playing, by its frames, and sought`, async () => {
        const report = await call<FilmReport>(PAGE, "classify", type, weights, software, SHOTS);
        const { bytes, duration, format, labels, playing, frames, seeking, calls } = report;
        console.log(
          `${browser}, ${type}: ${bytes} bytes, ${duration} s, ${format}; ${playing.length} frames while it played, ${frames.length} taken, ${seeking.length} sought`,
        );
        expect(bytes).toBeGreaterThan(1000);
        expect(new Set(labels).size).toBe(10);
        for (const [how, sights] of Object.entries({ playing, frames, seeking })) {
          const wrong = sights.filter(([shot, digit]) => digit !== labels[shot]);
          expect(wrong, `${how}: [shot, digit that was read]`).toEqual([]);
          const seen = new Set(sights.map(([shot]) => shot)).size;
          // A busy machine records and shows fewer of them; decoded frame by frame, below, each must be seen.
          expect(seen, `${how}: shots that were seen`).toBeGreaterThanOrEqual(2);
        }
        // Frames that cannot be had otherwise come by way of a canvas; on a GPU each is imported anew, and nothing is copied.
        const { imports, copies } = calls;
        if (software) expect({ imports, copies: copies >= playing.length }).toEqual({ imports: 0, copies: true });
        else expect({ imports: imports >= playing.length, copies }).toEqual({ imports: true, copies: 0 });
        expect([calls.textures - calls.destroyedTextures, calls.buffers - calls.destroyedBuffers]).toEqual([0, 0]);
      });

    test("VP8, decoded frame by frame: each frame gets its own label", async () => {
      const { labels, read } = await call<Awaited<ReturnType<typeof decode>>>(PAGE, "decode", "vp8", weights, software, SHOTS);
      expect(read).toEqual(labels.map((label, shot) => [shot, label]));
    });
  });
