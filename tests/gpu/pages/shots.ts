import { Dice } from "../../../demo/digits/dice.ts";
import { type Digit, digitFonts, drawDigit, loadFonts, randomDigit, type Variation } from "../../../demo/digits/index.ts";

/*
 * A film to be classified: each shot shows a dark digit on bright paper, and beneath it, out of the network's sight, its own number as
 * bright and dark cells, so that a test knows which shot it looks at.
 */

export const WIDTH = 320;
export const HEIGHT = 240;
/** The square in the middle with the digit: what the demo looks at, too. */
export const VIEW = { x: 88, y: 48, width: 144, height: 144 } as const;
const CELL = 40;
const CELLS = WIDTH / CELL;
const STRIP = 30;

export const font = digitFonts.filter(({ name }) => name === "Lato");
export const variation: Variation = { move: 0.06, turn: 6, slant: 0.05, noise: 0.05, fade: 0.1, height: [0.55, 0.75] };

/** The digits of the shots: each of the ten as often as any other, the same ones each time. */
export async function makeShots(count: number): Promise<readonly Digit[]> {
  await loadFonts(font);
  const dice = new Dice(11);
  return Array.from({ length: count }, (_, n) => ({
    ...randomDigit(dice, font, variation),
    label: (7 * n + 3) % 10,
    ink: dice.between(0, 0.2),
    paper: dice.between(0.75, 0.9),
  }));
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

export function drawShot(context: Context, shots: readonly Digit[], n: number): void {
  const paper = Math.round(255 * shots[n].paper);
  context.fillStyle = `rgb(${paper} ${paper} ${paper})`;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  drawDigit(context, shots[n], VIEW.x, VIEW.y, VIEW.width);
  // The first cell is dark and the last is bright: a picture without either has no number.
  for (let cell = 0; cell < CELLS; cell++) {
    const bright = cell > 0 && (cell === CELLS - 1 || ((n >> (cell - 1)) & 1) === 1);
    context.fillStyle = bright ? "white" : "black";
    context.fillRect(cell * CELL, HEIGHT - STRIP, CELL, STRIP);
  }
}

const strip = new OffscreenCanvas(WIDTH, STRIP);

/** The number of the shot that a video or a frame shows now; undefined where there is none. */
export function numberOf(source: CanvasImageSource): number | undefined {
  const context = strip.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  context.clearRect(0, 0, WIDTH, STRIP);
  context.drawImage(source, 0, HEIGHT - STRIP, WIDTH, STRIP, 0, 0, WIDTH, STRIP);
  const { data } = context.getImageData(0, STRIP >> 1, WIDTH, 1);
  const bits = Array.from({ length: CELLS }, (_, cell) => Number(data[4 * (cell * CELL + (CELL >> 1))] > 128));
  if (bits[0] !== 0 || bits[CELLS - 1] !== 1) return undefined;
  return bits.slice(1, -1).reduce((sum, bit, i) => sum + (bit << i), 0);
}

/** The brightness of all pixels of each shot, as text that travels to the test. */
export async function lumaOfShots(count: number): Promise<{ frames: string[]; labels: number[] }> {
  const shots = await makeShots(count);
  const context = new OffscreenCanvas(WIDTH, HEIGHT).getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  const frames = shots.map((_, n) => {
    drawShot(context, shots, n);
    const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
    let text = "";
    for (let i = 0; i < data.length; i += 4) text += String.fromCharCode(data[i]);
    return btoa(text);
  });
  return { frames, labels: shots.map(({ label }) => label) };
}
