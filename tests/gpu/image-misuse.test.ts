import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMPOSITED } from "../support/flags.ts";
import { inPage, type OwnBrowser, ownBrowser } from "../support/page.ts";
import { serveStatic } from "../support/static-server.ts";
import type * as page from "./pages/image-misuse.ts";

const PAGE = "tests/gpu/pages/image-misuse.ts";

/** A red pixel. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==";

let composited: OwnBrowser;
let folder: string;
let server: Server;
let foreign: page.Foreign;
beforeAll(async () => {
  composited = await ownBrowser(COMPOSITED);
  folder = await mkdtemp(join(tmpdir(), "unroll-foreign-"));
  await writeFile(join(folder, "image.png"), Buffer.from(PNG, "base64"));
  await writeFile(join(folder, "film.webm"), Buffer.from(await inPage<string>(PAGE, "filmAsText"), "base64"));
  // Pages may show what it serves, but not read it.
  const served = await serveStatic(folder, { "Cross-Origin-Resource-Policy": "cross-origin" });
  server = served.server;
  foreign = { image: `${served.url}image.png`, film: `${served.url}film.webm` };
});
afterAll(async () => {
  await composited?.close();
  server?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const KINDS = /must be an ImageBitmap, ImageData, .* or a VideoFrame, not /;
const NO_FRAME = /the video has no frame yet .*requestVideoFrameCallback/;
const FOREIGN = /from another origin, without leave to be read \(CORS\)/;
const LIMIT = /this device allows textures of \d+/;

/** The code of the error, and a piece of what it says. */
const EXPECTED: Readonly<Record<string, readonly [code: string, message: RegExp]>> = {
  undefined: ["argument", KINDS],
  null: ["argument", KINDS],
  "a number": ["argument", KINDS],
  "an address": ["argument", KINDS],
  "an object": ["argument", KINDS],
  "a function": ["argument", KINDS],
  "an array": ["argument", KINDS],
  "a Blob": ["argument", KINDS],
  "another element": ["argument", KINDS],
  "a canvas's context": ["argument", KINDS],
  "a closed ImageBitmap": ["argument", /the ImageBitmap was closed/],
  "an ImageBitmap that was sent away": ["argument", /the ImageBitmap was closed, or given to somebody else/],
  "a closed VideoFrame": ["argument", /the VideoFrame was closed/],
  "a VideoFrame that was sent away": ["argument", /the VideoFrame was closed/],
  "ImageData that were sent away": ["argument", /its buffer was transferred; give a copy/],
  "a canvas of no size": ["argument", /HTMLCanvasElement has 0 × \d+ pixels: there is nothing to read/],
  "a canvas that a worker draws on": ["argument", /does not give the pixels of this HTMLCanvasElement/],
  "a canvas with a foreign picture": ["argument", FOREIGN],
  "a foreign picture": ["argument", FOREIGN],
  "an image without an address": ["argument", /the image has no pixels yet: await image.decode\(\) first/],
  "an image that is none": ["argument", /the image has no pixels yet/],
  "a video without an address": ["argument", NO_FRAME],
  "a video that is none": ["argument", NO_FRAME],
  "a foreign video": ["argument", FOREIGN],
  "pixels of another type": ["argument", /must be a Uint8ClampedArray, not Float32Array/],
  "RGB without alpha": ["size", /2 × 2 pixels has 16 bytes, not 12/],
  "pixels of no size": ["argument", /0 × 2 pixels: there is nothing to read/],
  "a crop of no width": ["argument", /width and height from 1, not {"x":0,"y":0,"width":0,"height":1}/],
  "a crop that begins outside": ["argument", /crop must be .* in whole pixels/],
  "a crop between pixels": ["argument", /crop must be .* in whole pixels/],
  "a crop that ends to the right": ["argument", /spans x from 3 to 5 .* but the image has 4 × 4 pixels/],
  "a crop that ends below": ["argument", /y from 3 to 5, but the image has 4 × 4 pixels/],
  "a place behind the batch": ["argument", /index must be a whole number from 0 to 1, not 2/],
  "tiles that do not divide": ["argument", /4 × 4 pixels do not divide into 3 × 1 equal pictures/],
  "an unknown option": ["name", /there is no option "rows"/],
  "a picture wider than textures": ["limit", LIMIT],
  "pixels higher than textures": ["limit", LIMIT],
  "a reader that was disposed": ["disposed", /the reader was disposed/],
  "an engine that was disposed": ["disposed", /the engine was disposed/],
  "two channels": ["argument", /channels must be 1, 3 or 4, not 2/],
  "a buffer larger than the device allows": ["limit", /bytes are more than the \d+ that this device allows/],
  "an input of another shape": ["size", /48 bytes/],
  "a canvas that is taken to draw on": ["argument", /the canvas has a context of another kind/],
  "a picture in place of a canvas": ["argument", /must be an HTMLCanvasElement or an OffscreenCanvas, not an HTMLImageElement/],
  "a picture to draw that is wider than textures": ["limit", LIMIT],
  "a destroyed buffer to draw": ["argument", /the values cannot be drawn/],
  "a buffer that is no storage to draw": ["argument", /must be made with usage STORAGE/],
  "while runs wait": ["argument", FOREIGN],
};

/** Where Chromium composits on SwiftShader too, frames come to the GPU as they do on one. */
const BROWSERS = { plain: inPage, composited: ((...args) => composited.inPage(...args)) as typeof inPage };

for (const [browser, call] of Object.entries(BROWSERS))
  describe(`images, ${browser} browser`, () => {
    const software = browser === "plain";

    test("what cannot be read or drawn is told in one UnrollError", async () => {
      const { told, textures } = await call<Awaited<ReturnType<typeof page.misuse>>>(PAGE, "misuse", foreign, software);
      expect(told.map(({ what }) => what)).toEqual(Object.keys(EXPECTED));
      for (const { what, code, message } of told) {
        expect(code, `${what}: ${message}`).toBe(EXPECTED[what][0]);
        expect(message, what).toMatch(EXPECTED[what][1]);
      }
      expect(textures, "textures that are left").toBeLessThanOrEqual(0);
    });

    test("frames and pictures without end leave nothing on the GPU", async () => {
      const { before, after, reading, readers } = await call<Awaited<ReturnType<typeof page.leaks>>>(PAGE, "leaks", software);
      expect(after).toEqual(before);
      // Five sources, a hundred times; two of them are frames, of which one is the video's own.
      const { dispatches, textures, buffers, closedFrames } = reading;
      expect({ dispatches, textures, buffers, closedFrames }).toEqual({ dispatches: 500, textures: 0, buffers: 0, closedFrames: 200 });
      expect(readers).toMatchObject({ textures: 20, destroyedTextures: 20, buffers: 40, destroyedBuffers: 40 });
    });

    test("of pictures wider than textures a part can be read", async () => {
      const { expected, ...got } = await call<Awaited<ReturnType<typeof page.wide>>>(PAGE, "wide", software);
      expect(Object.keys(got)).toEqual(["ImageData", "OffscreenCanvas", "ImageBitmap"]);
      for (const [kind, values] of Object.entries(got)) expect(values, kind).toEqual(expected);
    });
  });
