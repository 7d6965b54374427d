/** Draws into a square of 16 × 16 units. */
type Drawing = (context: CanvasRenderingContext2D) => void;

const polygon = (context: CanvasRenderingContext2D, color: string, ...points: readonly (readonly [number, number])[]): void => {
  context.fillStyle = color;
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.fill();
};

const disc = (context: CanvasRenderingContext2D, color: string, x: number, y: number, radius: number): void => {
  context.fillStyle = color;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
};

const boat: Drawing = (context) => {
  const sky = context.createLinearGradient(0, 0, 0, 11);
  sky.addColorStop(0, "#5b9bdc");
  sky.addColorStop(1, "#f6d9b0");
  context.fillStyle = sky;
  context.fillRect(0, 0, 16, 11);
  disc(context, "#ffd34d", 12.6, 3.4, 1.9);
  context.fillStyle = "#1c5680";
  context.fillRect(0, 11, 16, 5);
  polygon(context, "#ffffff", [7, 1.4], [7, 9], [2.2, 9]);
  polygon(context, "#e0503c", [7.8, 3], [7.8, 9], [11.6, 9]);
  polygon(context, "#6b3a20", [1.4, 9.8], [13, 9.8], [11, 12.8], [3.4, 12.8]);
};

const shapes: Drawing = (context) => {
  context.fillStyle = "#20262e";
  context.fillRect(0, 0, 16, 16);
  context.fillStyle = "#e8c547";
  context.fillRect(1.5, 1.5, 5.5, 5.5);
  disc(context, "#58b09c", 11.6, 4.4, 3.1);
  polygon(context, "#e4572e", [4.2, 9], [7.6, 14.8], [0.9, 14.8]);
  context.strokeStyle = "#cfd8e3";
  context.lineWidth = 1;
  for (const x of [9.5, 11.5, 13.5]) {
    context.beginPath();
    context.moveTo(x, 9);
    context.lineTo(x + 1.2, 15);
    context.stroke();
  }
};

/** A digit in white on black, in the font of the page, moved by `right` and `down` units and turned by `degrees`. */
export const digit =
  (value: number, { right = 0, down = 0, degrees = 0 } = {}): Drawing =>
  (context) => {
    context.fillStyle = "#000000";
    context.fillRect(0, 0, 16, 16);
    context.translate(8 + right, 8 + down);
    context.rotate((degrees * Math.PI) / 180);
    context.fillStyle = "#ffffff";
    context.font = "bold 13px Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";
    context.textAlign = "center";
    const { actualBoundingBoxAscent: above, actualBoundingBoxDescent: below } = context.measureText(String(value));
    context.fillText(String(value), 0, (above - below) / 2);
  };

/** The pictures that the page brings along, by name. */
export const pictures = { boat, shapes, digit: digit(5) } as const;

/** A drawing as `size` × `size` pixels, RGBA. */
export function rasterize(drawing: Drawing, size: number): Uint8ClampedArray {
  return pixelsOf(size, (context) => {
    context.scale(size / 16, size / 16);
    drawing(context);
  });
}

/** The middle square of an image as `size` × `size` pixels, RGBA, each the mean of what it covers. */
export function shrink(image: ImageBitmap, size: number): Uint8ClampedArray {
  const side = Math.min(image.width, image.height);
  const [left, top] = [(image.width - side) / 2, (image.height - side) / 2];
  return pixelsOf(size, (context) => {
    context.imageSmoothingQuality = "high";
    context.drawImage(image, left, top, side, side, 0, 0, size, size);
  });
}

function pixelsOf(size: number, draw: Drawing): Uint8ClampedArray {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser gives no 2D canvas.");
  draw(context);
  return context.getImageData(0, 0, size, size).data;
}

/** How bright red, green and blue look together (ITU-R BT.601). */
export const GREY = [0.299, 0.587, 0.114] as const;

/** One channel of RGBA pixels (0 red, 1 green, 2 blue), 0 to 255. */
export const channelOf = (pixels: Uint8ClampedArray, channel: number): Float64Array =>
  Float64Array.from({ length: pixels.length / 4 }, (_, i) => pixels[4 * i + channel]);

/** The grey of RGBA pixels, 0 to 255. */
export const greyOf = (pixels: Uint8ClampedArray): Float64Array =>
  Float64Array.from({ length: pixels.length / 4 }, (_, i) => GREY.reduce((sum, share, c) => sum + share * pixels[4 * i + c], 0));
