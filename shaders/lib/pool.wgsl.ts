/** What the kernels of pooling have in common: the params of a window over [N, H, W, C], and how their source depends on it. */
export const poolParams = {
  /** Invocations that have something to do. */
  size: "u32",
  /** Channels, or vec4 of channels. */
  c: "u32",
  h: "u32",
  w: "u32",
  oh: "u32",
  ow: "u32",
  kh: "u32",
  kw: "u32",
  sh: "u32",
  sw: "u32",
  dh: "u32",
  dw: "u32",
  top: "u32",
  left: "u32",
  /** Where the padding ends: H + bottom, W + right. */
  bottom: "u32",
  right: "u32",
  /** Cells of the stride's size that a plane is cut into, where windows do not overlap. */
  rows: "u32",
  columns: "u32",
  /** Groups of `span` neighbours that a row has. */
  groups: "u32",
  scale: "f32",
} as const;

/** The code for each of `span` neighbours in a row, without a loop, which costs more on a software GPU than what it does. */
export const neighbours = (span: number, code: (k: number) => string) =>
  Array.from({ length: span }, (_, k) => `  {\n${code(k)}\n  }`).join("\n");

/** How sums are divided: by one number for all windows, or by the taps of each that lie inside the input or the padding. */
export type Divisor = "constant" | "input" | "padded";

/** `first_tap(start, d)` and `end_tap(start, k, d, n)`: the taps of a window that begins at `start` which lie in 0 … n − 1. */
export const tapsLibrary = `
fn first_tap(start: i32, d: u32) -> u32 {
  return select(0u, (u32(max(-start, 0)) + d - 1u) / d, start < 0);
}
fn end_tap(start: i32, k: u32, d: u32, n: u32) -> u32 {
  return min(k, (u32(i32(n) - start) + d - 1u) / d);
}
`;
