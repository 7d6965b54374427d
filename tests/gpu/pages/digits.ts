import { Dice } from "../../../demo/digits/dice.ts";
import { Digits, digitFonts, drawDigit, loadFonts, randomDigit } from "../../../demo/digits/index.ts";
import { createImageReader } from "../../../src/io/image/index.ts";
import { Engine } from "../../../src/program/engine.ts";
import { values } from "./image.ts";

/** A picture of every digit in every font, and of random ones from both sets, as a data URL. */
export async function contactSheet(): Promise<string> {
  await loadFonts();
  const side = 56;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: side * 30, height: side * digitFonts.length });
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  const still = { move: 0, turn: 0, slant: 0, height: [0.7, 0.7], fade: 0 } as const;
  digitFonts.forEach((font, row) => {
    for (let label = 0; label < 10; label++)
      drawDigit(context, { ...randomDigit(new Dice(1), [font], still), label }, label * side, row * side, side);
    const dice = new Dice(row + 1);
    for (let i = 0; i < 10; i++) drawDigit(context, { ...randomDigit(dice, [font]), label: i }, (i + 10) * side, row * side, side);
  });
  context.imageSmoothingEnabled = false;
  for (const [i, fonts] of (["train", "held-out"] as const).entries()) {
    const { image } = await (await Digits.create({ seed: 7, fonts })).sheet(100);
    context.drawImage(image, side * 20, i * 10.2 * side, side * 10, side * 10);
  }
  return canvas.toDataURL("image/png");
}

export interface Drawn {
  readonly labels: readonly number[];
  readonly values: readonly number[];
  readonly fonts: readonly string[];
}

export async function batch(seed: number, fonts: "train" | "held-out", count: number): Promise<Drawn> {
  const engine = await Engine.create();
  try {
    const reader = await createImageReader(engine, { size: [28, 28], channels: 1, batch: count });
    const digits = await Digits.create({ seed, fonts });
    const labels = await digits.next(reader);
    return {
      labels: [...labels],
      values: [...(await values(engine, reader.shape, reader.values))],
      fonts: digits.fonts.map(({ name }) => name),
    };
  } finally {
    engine.dispose();
  }
}
