/* Numbers as people read them. Every function takes what is absent or not finite, and shows a dash. */

type Maybe = number | null | undefined;

export const DASH = "–";

const finite = (value: Maybe): value is number => typeof value === "number" && Number.isFinite(value);

/** Three significant digits, without exponents: 0.0123, 12.3, 804, 2,085. */
export function number(value: Maybe): string {
  if (!finite(value)) return DASH;
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 999.5) return Math.round(value).toLocaleString("en-GB");
  if (size < 1e-6) return value.toExponential(1);
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Number(size.toPrecision(3)))));
  return value.toFixed(decimals);
}

/** For an axis: without the zeros that say nothing. */
export const plain = (text: string): string => text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");

export const count = (value: Maybe): string => (finite(value) ? Math.round(value).toLocaleString("en-GB") : DASH);

/** Milliseconds, in milliseconds. */
export const milliseconds = (value: Maybe): string => (finite(value) ? `${number(value)} ms` : DASH);

export function percent(share: Maybe): string {
  if (!finite(share)) return DASH;
  return `${share < 0.0995 ? plain(number(Number((100 * share).toPrecision(2)))) : Math.round(100 * share)} %`;
}

/** With the SI prefix that leaves one to three digits before the point. */
export function rate(value: Maybe, unit: string): string {
  if (!finite(value)) return DASH;
  const [scale, prefix] = (
    [
      [1e12, "T"],
      [1e9, "G"],
      [1e6, "M"],
      [1e3, "k"],
    ] as const
  ).find(([least]) => value >= least) ?? [1, ""];
  return `${number(value / scale)} ${prefix}${unit}`;
}

/** Bytes in units of 1024. */
export function bytes(value: Maybe): string {
  if (!finite(value)) return DASH;
  const [scale, unit] = (
    [
      [2 ** 30, "GiB"],
      [2 ** 20, "MiB"],
      [2 ** 10, "KiB"],
    ] as const
  ).find(([least]) => value >= least) ?? [1, "B"];
  return `${number(value / scale)} ${unit}`;
}

/** Nanoseconds in the unit that fits. */
export function duration(nanoseconds: Maybe): string {
  if (!finite(nanoseconds)) return DASH;
  const [scale, unit] = (
    [
      [1e9, "s"],
      [1e6, "ms"],
      [1e3, "µs"],
    ] as const
  ).find(([least]) => nanoseconds >= least) ?? [1, "ns"];
  return `${number(nanoseconds / scale)} ${unit}`;
}

/** A ratio: 1.03×. */
export function times(ratio: Maybe): string {
  if (!finite(ratio)) return DASH;
  return `${ratio < 0.1 ? number(ratio) : ratio >= 99.5 ? count(ratio) : ratio.toFixed(ratio >= 10 ? 1 : 2)}×`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 25 Nov 2026, 21:44 UTC; what is no date as it is. */
export function date(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}, ${two(at.getUTCHours())}:${two(at.getUTCMinutes())} UTC`;
}
