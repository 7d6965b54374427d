import { align, USAGE } from "../../gpu/gpu.ts";
import { canvasFormat, GpuImageWriter } from "../../io/image/gpu-writer.ts";
import { createImageWriter, type DrawOptions, diverging, type ImageWriterOptions, viridis } from "../../io/image/index.ts";
import { drawingOf, writeSpec } from "../../io/image/write-options.ts";
import { drawPixels } from "../../io/image/write-reference.ts";
import { findWorst, infinite } from "../finding.ts";
import type { Finding, Place, Proof, ProofCase } from "../proof.ts";

const DRAWINGS: Readonly<Record<string, readonly [ImageWriterOptions, DrawOptions?]>> = {
  grey: [{ shape: [17, 33, 1], range: [-1, 2] }],
  "a range upside down": [{ shape: [7, 3], range: [1, -0.5], colors: viridis }],
  "colour of a batch": [{ shape: [3, 7, 5, 3], range: "auto" }, { index: 1 }],
  "with alpha": [{ shape: [9, 5, 4] }],
  "one channel": [
    { shape: [2, 7, 5, 6], colors: diverging, range: "symmetric" },
    { index: 1, channel: 4 },
  ],
  "all channels": [{ shape: [3, 5, 7], tiles: "channels", columns: 4, gap: 2, zoom: 3, background: [1, 0.5, 0], range: "auto" }],
  "images side by side": [{ shape: [5, 3, 4, 3], tiles: "images", gap: 0, range: "symmetric" }, { index: 2 }],
  "a range of one value": [{ shape: [1, 1], range: "auto", zoom: 3 }],
};

const numbers = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => 1.7 * Math.sin(1.37 * i + 1) + 0.3);

/** A value that lies just between two bytes may fall to either side; two, where a driver rounds and alpha was multiplied in. */
const OFF = { bytes: 1, premultiplied: 2 };

const expectedOf = (options: ImageWriterOptions, draw: DrawOptions | undefined, values: Float32Array) => {
  const spec = writeSpec("verify", options);
  const drawing = drawingOf("verify", spec, draw ?? {});
  return { spec, drawing, right: drawPixels(values, spec, drawing) };
};

/** The picture, read back. */
async function pixels({ engine }: Place, [options, draw]: (typeof DRAWINGS)[string]): Promise<Finding> {
  const values = numbers(options.shape);
  const { right } = expectedOf(options, draw, values);
  const writer = await createImageWriter(engine, options);
  try {
    const { data } = await writer.pixels(values, draw);
    return findWorst([{ name: "bytes", actual: data, right, bound: OFF.bytes }], manyOff(data, right));
  } finally {
    writer.dispose();
  }
}

/** Roundings that fall to the other side are few. */
function manyOff(actual: ArrayLike<number>, right: ArrayLike<number>): string | undefined {
  const off = Array.from(right).filter((byte, i) => byte !== actual[i]).length;
  return off > 0.01 * right.length + 1 ? `${off} of ${right.length} bytes are off` : undefined;
}

/** What a canvas of WebGPU is given, drawn into a texture of the same format. */
async function texture({ gpu }: Place, [options, draw]: (typeof DRAWINGS)[string]): Promise<Finding> {
  const values = numbers(options.shape);
  const { spec, drawing, right } = expectedOf(options, draw, values);
  const { width, height } = drawing;
  const writer = await GpuImageWriter.create(gpu, spec);
  const [COPY_SRC, RENDER_ATTACHMENT] = [1, 16];
  const target = gpu.device.createTexture({ size: [width, height], format: canvasFormat(), usage: COPY_SRC | RENDER_ATTACHMENT });
  const bytesPerRow = align(4 * width, 256);
  const staging = gpu.createBuffer("verify picture", bytesPerRow * height, USAGE.MAP_READ | USAGE.COPY_DST);
  try {
    await writer.draw(values, drawing, { getCurrentTexture: () => target } as unknown as GPUCanvasContext);
    const encoder = gpu.device.createCommandEncoder();
    encoder.copyTextureToBuffer({ texture: target }, { buffer: staging, bytesPerRow }, [width, height]);
    gpu.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    const bytes = new Uint8Array(staging.getMappedRange());
    const blue = canvasFormat().startsWith("bgra");
    const actual = right.map((_, i) => {
      const c = i % 4;
      return bytes[Math.floor(i / (4 * width)) * bytesPerRow + (i % (4 * width)) - c + (blue && c < 3 ? 2 - c : c)];
    });
    const multiplied = right.map((byte, i) => (i % 4 === 3 ? byte : Math.round((byte * right[i | 3]) / 255)));
    return findWorst([{ name: "bytes", actual, right: multiplied, bound: OFF.premultiplied }]);
  } finally {
    writer.dispose();
    target.destroy();
    gpu.destroyBuffer(staging);
  }
}

/** A canvas, looked at as the page would show it over white. */
async function canvas({ engine }: Place, [options, draw]: (typeof DRAWINGS)[string]): Promise<Finding> {
  const values = numbers(options.shape);
  const { drawing, right } = expectedOf(options, draw, values);
  const { width, height } = drawing;
  const writer = await createImageWriter(engine, options);
  try {
    const shown = new OffscreenCanvas(2, 2);
    await writer.draw(values, shown, draw);
    if (shown.width !== width || shown.height !== height)
      return infinite(`the canvas is ${shown.width} × ${shown.height}, not ${width} × ${height}`);
    const copy = new OffscreenCanvas(width, height).getContext("2d") as OffscreenCanvasRenderingContext2D;
    copy.drawImage(shown, 0, 0);
    const over = (bytes: Uint8ClampedArray) => bytes.map((byte, i) => (i % 4 === 3 ? byte : 255 + (byte - 255) * (bytes[i | 3] / 255)));
    const seen = over(copy.getImageData(0, 0, width, height).data);
    return findWorst([{ name: "bytes", actual: seen, right: over(right), bound: OFF.premultiplied }]);
  } finally {
    writer.dispose();
  }
}

const VARIANTS = { pixels, "texture of a canvas": texture, canvas } as const;

export const imageDrawProof: Proof = {
  name: "image writer",
  kind: "image",
  variants: Object.keys(VARIANTS),
  byTraits: false,
  missing: (): Record<string, string> => (typeof OffscreenCanvas === "undefined" ? { canvas: "this runtime has no OffscreenCanvas" } : {}),
  cases: () =>
    Object.entries(VARIANTS).flatMap(([variant, draw]) =>
      Object.entries(DRAWINGS).map(
        ([note, drawing]): ProofCase => ({ variant, note, attributes: JSON.stringify(drawing), run: (place) => draw(place, drawing) }),
      ),
    ),
};
