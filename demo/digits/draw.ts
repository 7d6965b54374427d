import type { Dice } from "./dice.ts";
import { canvasFont, type DigitFont } from "./fonts.ts";

/** A digit as it is drawn: everything that varies. Lengths are in parts of the picture's side. */
export interface Digit {
  readonly label: number;
  readonly font: DigitFont;
  /** Height of the ink. */
  readonly height: number;
  /** Ink is at most this wide. */
  readonly width: number;
  /** Of the ink's middle from the picture's. */
  readonly right: number;
  readonly down: number;
  /** Radians clockwise. */
  readonly turn: number;
  /** Sideways for each step upwards. */
  readonly slant: number;
  /** Width for each unit of height, of what the font has. */
  readonly stretch: number;
  /** How much thicker lines are than the font has them. */
  readonly weight: number;
  /** Brightness from 0 to 1. */
  readonly ink: number;
  readonly paper: number;
  /** Standard deviation of the noise on each pixel. */
  readonly noise: number;
}

export interface Variation {
  /** How far digits are moved, in parts of the picture's side. Default 0.1. */
  readonly move?: number;
  /** Largest turn in degrees. Default 15. */
  readonly turn?: number;
  /** Height of the ink in parts of the picture's side, smallest and largest. Default [0.5, 0.78]. */
  readonly height?: readonly [number, number];
  /** Largest slant. Default 0.2. */
  readonly slant?: number;
  /** How much narrower or wider than in the font, at most. Default 0.15. */
  readonly stretch?: number;
  /** How much thicker lines are made, smallest and largest, in parts of the picture's side. Default [0.01, 0.05]. */
  readonly weight?: readonly [number, number];
  /** Largest standard deviation of the noise, of a brightness from 0 to 1. Default 0.1. */
  readonly noise?: number;
  /** How much of the contrast may go. Default 0.3. */
  readonly fade?: number;
}

export function randomDigit(dice: Dice, fonts: readonly DigitFont[], variation: Variation = {}): Digit {
  const {
    move = 0.1,
    turn = 15,
    height = [0.5, 0.78],
    slant = 0.2,
    noise = 0.1,
    fade = 0.3,
    stretch = 0.15,
    weight = [0.01, 0.05],
  } = variation;
  return {
    label: dice.below(10),
    font: fonts[dice.below(fonts.length)],
    height: dice.between(...height),
    width: 0.72,
    right: dice.between(-move, move),
    down: dice.between(-move, move),
    turn: (dice.between(-turn, turn) * Math.PI) / 180,
    slant: dice.between(-slant, slant),
    stretch: 1 + dice.between(-stretch, stretch),
    weight: dice.between(...weight),
    ink: 1 - dice.between(0, fade),
    paper: dice.between(0, fade),
    noise: dice.between(0, noise),
  };
}

type Context = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

/** Draws a digit without its noise into the square of `side` pixels at (x, y), light on dark. */
export function drawDigit(context: Context, digit: Digit, x: number, y: number, side: number): void {
  const { label, font, right, down, turn, slant } = digit;
  const text = String(label);
  context.save();
  context.beginPath();
  context.rect(x, y, side, side);
  context.clip();
  context.fillStyle = grey(digit.paper);
  context.fillRect(x, y, side, side);
  context.font = canvasFont(font, side);
  context.textBaseline = "alphabetic";
  // By the ink and not by the line, because fonts place digits differently.
  const {
    actualBoundingBoxAscent: up,
    actualBoundingBoxDescent: low,
    actualBoundingBoxLeft: left,
    actualBoundingBoxRight: far,
  } = context.measureText(text);
  const scale = Math.min((digit.height * side) / (up + low), (digit.width * side) / (left + far) / digit.stretch);
  context.translate(x + side * (0.5 + right), y + side * (0.5 + down));
  context.rotate(turn);
  context.transform(1, 0, -slant, 1, 0, 0);
  context.scale(scale * digit.stretch, scale);
  context.fillStyle = grey(digit.ink);
  context.fillText(text, (left - far) / 2, (up - low) / 2);
  if (digit.weight > 0) {
    context.strokeStyle = context.fillStyle;
    context.lineJoin = "round";
    context.lineWidth = (digit.weight * side) / scale;
    context.strokeText(text, (left - far) / 2, (up - low) / 2);
  }
  context.restore();
}

const grey = (brightness: number): string => {
  const byte = Math.round(255 * brightness);
  return `rgb(${byte} ${byte} ${byte})`;
};

/** Adds a noise of this standard deviation to a square of pixels: the sum of three uniform numbers, which is nearly normal. */
export function addNoise({ data, width }: ImageData, x: number, y: number, side: number, deviation: number, dice: Dice): void {
  const reach = 2 * 255 * deviation;
  for (let row = y; row < y + side; row++)
    for (let at = 4 * (row * width + x), end = at + 4 * side; at < end; at += 4) {
      const noise = reach * (dice.real() + dice.real() + dice.real() - 1.5);
      for (let c = 0; c < 3; c++) data[at + c] += noise; // the array rounds and clamps
    }
}
