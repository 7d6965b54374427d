import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface FilmFile {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Writes grey frames as a film without compression, which Chromium's fake camera shows over and over.
 * @param frames the brightness from 0 to 255 of each pixel, as base64. Width and height are even.
 */
export async function writeY4m(frames: readonly string[], width: number, height: number, framesPerSecond: number): Promise<FilmFile> {
  const folder = await mkdtemp(join(tmpdir(), "unroll-film-"));
  const colour = Buffer.alloc((width * height) / 2, 128);
  const parts = [Buffer.from(`YUV4MPEG2 W${width} H${height} F${framesPerSecond}:1 Ip A1:1 C420jpeg\n`)];
  for (const frame of frames) {
    const brightness = Buffer.from(frame, "base64");
    if (brightness.length !== width * height) throw new Error(`a frame has ${brightness.length} pixels, not ${width} × ${height}`);
    // Video keeps black at 16 and white at 235.
    parts.push(Buffer.from("FRAME\n"), Buffer.from(Array.from(brightness, (value) => Math.round(16 + (219 * value) / 255))), colour);
  }
  const path = join(folder, "film.y4m");
  await writeFile(path, Buffer.concat(parts));
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Chromium's own camera, which shows that film; whoever asks may use it. */
export const fakeCamera = (path: string): string[] => [
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  `--use-file-for-fake-video-capture=${path}`,
];
