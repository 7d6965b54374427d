/** Red, green, blue from 0 to 255. */
export type Color = readonly [number, number, number];

/** The colour of a value, and of its place among all. */
export type Scale = (value: number, index: number) => Color;

/** A colour of the page by the name of its CSS property, which must be written as #rrggbb. */
export function themeColor(name: string): Color {
  const hex = Number.parseInt(getComputedStyle(document.documentElement).getPropertyValue(name).trim().slice(1), 16);
  return [(hex >> 16) & 255, (hex >> 8) & 255, hex & 255];
}

export const css = ([r, g, b]: Color): string => `rgb(${r} ${g} ${b})`;

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

function mix(from: Color, to: Color, share: number): Color {
  const t = clamp(share, 0, 1);
  return [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1]), from[2] + t * (to[2] - from[2])];
}

/** Black on light colours, white on dark ones. */
export const readableOn = ([r, g, b]: Color): string => (0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#1d2024" : "#ffffff");

/** From black to white for 0 to `white`, or to the full red (0), green (1) or blue (2) of a channel. */
export const brightness =
  (white: number, channel?: number) =>
  () =>
  (value: number): Color => {
    const c = clamp((255 * value) / white, 0, 255);
    return channel === undefined ? [c, c, c] : [channel === 0 ? c : 0, channel === 1 ? c : 0, channel === 2 ? c : 0];
  };

/** From the page to ink for 0 to 1. */
export const ink = () => {
  const [paper, dark] = [themeColor("--page"), themeColor("--text")];
  return (value: number): Color => mix(paper, dark, value);
};

/** Negative values warm, positive ones blue, zero as the page. */
export const diverging = (limit: number) => () => {
  const [zero, high, low] = [themeColor("--page"), themeColor("--accent"), themeColor("--warm")];
  return (value: number): Color => mix(zero, value < 0 ? low : high, Math.abs(value) / (limit || 1));
};

/** From the page to a colour for 0 to `limit`. */
export const heat =
  (limit: number, name = "--accent") =>
  () => {
    const [zero, high] = [themeColor("--page"), themeColor(name)];
    return (value: number): Color => mix(zero, high, value / (limit || 1));
  };

/** The largest magnitude among values. */
export function magnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}
