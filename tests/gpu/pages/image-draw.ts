import { input, variable } from "../../../src/graph/tensor.ts";
import { createImageWriter, type DrawOptions, diverging, type ImageWriterOptions, viridis } from "../../../src/io/image/index.ts";
import { drawingOf, writeSpec } from "../../../src/io/image/write-options.ts";
import { drawPixels } from "../../../src/io/image/write-reference.ts";
import { mul } from "../../../src/ops/pointwise/index.ts";
import { compile } from "../../../src/program/compile.ts";
import { Engine } from "../../../src/program/engine.ts";
import { outputBuffer, variableBuffer } from "../../../src/program/located.ts";

const CASES: Readonly<Record<string, readonly [ImageWriterOptions, DrawOptions?]>> = {
  grey: [{ shape: [3, 5] }],
  "grey in a range": [{ shape: [17, 33, 1], range: [-1, 2] }],
  "a range upside down": [{ shape: [7, 3], range: [1, -0.5] }],
  viridis: [{ shape: [130, 65], colors: viridis }],
  colour: [{ shape: [7, 17, 3] }],
  "colour of a batch": [{ shape: [3, 7, 5, 3], range: "auto" }, { index: 1 }],
  "with alpha": [{ shape: [9, 5, 4] }],
  "one channel": [
    { shape: [2, 7, 5, 6], colors: diverging, range: "symmetric" },
    { index: 1, channel: 4 },
  ],
  "all channels": [{ shape: [2, 7, 5, 6], tiles: "channels", range: "auto", colors: viridis }, { index: 1 }],
  "all channels, zoomed": [{ shape: [3, 5, 7], tiles: "channels", columns: 4, gap: 2, zoom: 3, background: [1, 0.5, 0] }],
  "images side by side": [{ shape: [5, 3, 4, 3], tiles: "images", gap: 0 }],
  "images in grey, from the third on": [
    { shape: [7, 3, 4, 1], tiles: "images", columns: 2, range: "symmetric", colors: diverging, background: 0.2 },
    { index: 2 },
  ],
  "a range of one value": [{ shape: [1, 1], range: "auto", zoom: 3 }],
};

export const cases = (): string[] => Object.keys(CASES);

const numbers = (shape: readonly number[], seed: number): Float32Array =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => 1.7 * Math.sin(1.37 * i + seed) + 0.3);

interface Difference {
  /** The largest difference of a byte from the reference, and how many bytes differ. */
  readonly most: number;
  readonly count: number;
  readonly size: readonly [number, number];
}

function difference(got: ArrayLike<number>, expected: Uint8ClampedArray, size: readonly [number, number]): Difference {
  let [most, count] = [got.length === expected.length ? 0 : Infinity, 0];
  expected.forEach((byte, i) => {
    most = Math.max(most, Math.abs(got[i] - byte));
    if (got[i] !== byte) count++;
  });
  return { most, count, size };
}

/** Pixels, and a canvas, beside the reference. @param hardware draws to the canvas by WebGPU. */
export async function drawn(
  name: string,
  hardware: boolean,
): Promise<{ pixels: Difference; canvas: Difference; again: Difference; context: string }> {
  const [options, call] = CASES[name];
  const engine = await Engine.create(hardware ? { traits: { software: false } } : {});
  try {
    const writer = await createImageWriter(engine, options);
    const values = numbers(options.shape, 1);
    const expect = (given: Float32Array) => {
      const spec = writeSpec("test", options);
      return drawPixels(given, spec, drawingOf("test", spec, call ?? {}));
    };
    const { data, width, height } = await writer.pixels(values, call);
    const pixels = difference(data, expect(values), [width, height]);
    const canvas = new OffscreenCanvas(2, 2);
    const look = (expected: Uint8ClampedArray) => {
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d") as OffscreenCanvasRenderingContext2D;
      copy.drawImage(canvas, 0, 0);
      const seen = copy.getImageData(0, 0, canvas.width, canvas.height).data;
      // Canvases are multiplied by alpha: what lets through comes back as what it does over white.
      const over = (bytes: Uint8ClampedArray) => bytes.map((byte, i) => (i % 4 === 3 ? byte : 255 + (byte - 255) * (bytes[i | 3] / 255)));
      return difference(over(seen), over(expected), [canvas.width, canvas.height]);
    };
    await writer.draw(values, canvas, call);
    const first = look(expect(values));
    const other = numbers(options.shape, 2);
    await writer.draw(other, canvas, call);
    const again = look(expect(other));
    const context = canvas.getContext("2d") ? "2d" : canvas.getContext("webgpu") ? "webgpu" : "another";
    return { pixels, canvas: first, again, context };
  } finally {
    engine.dispose();
  }
}

/** A canvas element of a page, which has a 2D context already. */
export async function onPage(): Promise<number[]> {
  const engine = await Engine.create({ traits: { software: false } });
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  const writer = await createImageWriter(engine, { shape: [1, 2] });
  await writer.draw(Float32Array.of(1, 0.2), canvas);
  engine.dispose();
  return [...context.getImageData(0, 0, 2, 1).data];
}

/** Outputs and variables of a program, drawn where they lie. */
export async function located(): Promise<{ output: number[]; variable: number[]; after: number[] }> {
  const engine = await Engine.create();
  try {
    const padding = variable("padding", [3], () => [9, 9, 9]);
    const w = variable("w", [1, 2, 2], () => [0, 0.2, 0.4, 0.6]);
    const x = input([1, 2, 2]);
    const program = await compile(engine, { inputs: { x }, outputs: { y: mul(x, w), z: mul(padding, 2) } });
    const writer = await createImageWriter(engine, { shape: [1, 2, 2], tiles: "channels", gap: 0 });
    const reds = async (values: Parameters<typeof writer.pixels>[0]) =>
      [...(await writer.pixels(values)).data].filter((_, i) => i % 4 === 0);
    await program.run({ x: Float32Array.of(1, 1, 1, 1) });
    const output = await reds(outputBuffer(program, "y"));
    const before = await reds(variableBuffer(engine, w));
    engine.write(w, Float32Array.of(1, 1, 1, 0));
    // The values are those at the time of the call, whatever runs after it.
    const late = reds(variableBuffer(engine, w));
    return { output, variable: before, after: await late };
  } finally {
    engine.dispose();
  }
}

/** On a reference engine. */
export async function onReference(): Promise<{ pixels: number[]; canvas: number[] }> {
  const engine = await Engine.create({ reference: true });
  const writer = await createImageWriter(engine, {
    shape: [1, 2],
    colors: [
      [0, 0, 0],
      [1, 0, 0.2],
    ],
  });
  const values = Float32Array.of(1, 0.2);
  const canvas = new OffscreenCanvas(1, 1);
  await writer.draw(values, canvas);
  const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
  return { pixels: [...(await writer.pixels(values)).data], canvas: [...context.getImageData(0, 0, 2, 1).data] };
}
