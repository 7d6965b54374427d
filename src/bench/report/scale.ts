/** From a value to its place from 0 to 100, in percent of an axis. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  at(value: number): number;
  /** Values that get a line and a label. */
  readonly ticks: readonly number[];
}

const rounded = (percent: number): number => Math.round(percent * 100) / 100;

/**
 * Around all values, with `room` (a factor) at both ends. Ticks at powers of `base`, not more than eight; where a decimal axis has
 * few of those, also at 2 and 5 times them.
 */
export function logScale(values: readonly number[], { room = 2, base = 10 }: { room?: number; base?: number } = {}): Scale {
  const found = values.filter((value) => Number.isFinite(value) && value > 0);
  const known = found.length > 0 ? found : [1];
  const low = Math.min(...known) / room;
  const high = Math.max(...known) * room;
  const [from, to] = [Math.ceil(Math.log(low) / Math.log(base) - 1e-9), Math.floor(Math.log(high) / Math.log(base) + 1e-9)];
  const step = Math.max(1, Math.ceil((to - from + 1) / 8));
  const powers = Array.from({ length: Math.max(0, Math.floor((to - from) / step) + 1) }, (_, i) => base ** (from + i * step));
  const fine = base === 10 && powers.length < 3;
  const ticks = fine
    ? [from - 1, ...powers.map((_, i) => from + i)].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power))
    : powers;
  return {
    low,
    high,
    ticks: ticks.filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)),
    at: (value) => rounded((100 * Math.log(value / low)) / Math.log(high / low)),
  };
}

/** From zero to the largest value, for bars that say their number themselves. */
export function barScale(values: readonly number[]): Scale {
  const high = Math.max(0, ...values.filter(Number.isFinite)) || 1;
  return { low: 0, high, ticks: [], at: (value) => rounded((100 * value) / high) };
}

/** From zero to a round number above all values. */
export function linearScale(values: readonly number[], ticks = 4): Scale {
  const most = Math.max(0, ...values.filter(Number.isFinite)) || 1;
  const raw = most / ticks;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9)) ?? 10);
  const high = step * Math.ceil(most / step - 1e-9);
  const found = Array.from({ length: Math.round(high / step) + 1 }, (_, i) => i * step);
  return { low: 0, high, ticks: found, at: (value) => rounded((100 * value) / high) };
}
