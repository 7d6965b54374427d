import type { BenchResult, Distribution, Roofline } from "./schema.ts";

/*
 * What follows from measured times: rates, arithmetic intensity and the share of the roofline (Williams, Waterman and Patterson,
 * "Roofline: an insightful visual performance model for multicore architectures", CACM 52(4), 2009). The terminal's table, the page
 * and --html all take them from here.
 */

/** Derived figures of one result. What cannot be known is absent; nothing is ever NaN or infinite. */
export interface Figures {
  /** Of one run: the GPU's median where there is one, else the wall clock's. */
  readonly milliseconds?: number;
  /** The clock that `milliseconds` are from. */
  readonly clock?: "gpu" | "wall";
  /** FLOP/s. */
  readonly flopsPerSecond?: number;
  /** Bytes per second, of the fewest that must move. */
  readonly bytesPerSecond?: number;
  /** FLOP per byte that must move; a fact of the work, known without a time. */
  readonly intensity?: number;
  /** FLOP/s that the roofline allows at this intensity: min(peak, intensity × memory bandwidth). */
  readonly allowedFlopsPerSecond?: number;
  /** What the roofline is bound by there. */
  readonly bound?: "compute" | "memory";
  /** Reached of what is allowed. Above 1 where a cache serves what counts as memory traffic. */
  readonly share?: number;
}

/** The lines of a roofline. */
export interface Ceilings {
  /** FLOP/s of the f16 probe, where the device has f16. */
  readonly f16?: number;
  /** FLOP/s of the faster of the two f32 probes. */
  readonly peak: number;
  /** The bandwidth of the largest working set, which no cache holds. */
  readonly memory: MemoryPoint;
  /** The best bandwidth of any smaller working set, where that beats memory. */
  readonly cache?: MemoryPoint;
  /** FLOP per byte from which on the peak is the limit. */
  readonly ridge: number;
}

export type MemoryPoint = Roofline["memory"][number];

/** What became of a result: a time, or none because the output was wrong, the subject cannot do it, or nobody timed it. */
export type Outcome = "timed" | "wrong" | "missing" | "untimed";

/** `value` if it is a positive finite number: reports from elsewhere may hold null where a number was not finite. */
export const positive = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;

/**
 * A failed check counts as wrong if something was compared or something is said of it; a subject that cannot do the work has compared
 * nothing and says why in `missing`.
 */
export function outcomeOf(result: BenchResult): Outcome {
  const { check, missing } = result;
  if (!check.ok && (check.against !== "none" || check.message !== undefined || check.error !== undefined)) return "wrong";
  if (missing !== undefined || !check.ok) return "missing";
  return timeOf(result) ? "timed" : "untimed";
}

/** Why a result has no time, in words. */
export function reasonOf(result: BenchResult): string {
  const outcome = outcomeOf(result);
  if (outcome === "wrong") return result.check.message || result.missing || "the output is wrong";
  return outcome === "missing" ? result.missing || "not available" : "";
}

/** The distribution that figures are made of, and its clock. */
export function timeOf(result: BenchResult): { readonly clock: "gpu" | "wall"; readonly distribution: Distribution } | undefined {
  if (result.gpu && positive(result.gpu.median)) return { clock: "gpu", distribution: result.gpu };
  if (result.wall && positive(result.wall.median)) return { clock: "wall", distribution: result.wall };
  return undefined;
}

/** The ceilings that a roofline's probes give; undefined where a probe gave nothing. */
export function ceilingsOf(roofline: Roofline | undefined): Ceilings | undefined {
  const peak = Math.max(positive(roofline?.fma.scalar) ?? 0, positive(roofline?.fma.vec4) ?? 0);
  const points = (roofline?.memory ?? [])
    .filter((point) => positive(point.bytesPerSecond) && positive(point.workingSetBytes))
    .sort((a, b) => a.workingSetBytes - b.workingSetBytes);
  const memory = points.at(-1);
  if (!peak || !memory) return undefined;
  const best = points.reduce((a, b) => (b.bytesPerSecond > a.bytesPerSecond ? b : a), memory);
  return { peak, f16: positive(roofline?.fma.f16), memory, cache: best === memory ? undefined : best, ridge: peak / memory.bytesPerSecond };
}

export function figuresOf(result: BenchResult, roofline?: Roofline): Figures {
  const time = outcomeOf(result) === "timed" ? timeOf(result) : undefined;
  const [flops, bytes] = [positive(result.flops), positive(result.bytes)];
  const seconds = time && time.distribution.median / 1e3;
  const flopsPerSecond = seconds && flops && positive(flops / seconds);
  const bytesPerSecond = seconds && bytes && positive(bytes / seconds);
  const intensity = flops && bytes && positive(flops / bytes);
  return known({
    milliseconds: time?.distribution.median,
    clock: time?.clock,
    flopsPerSecond,
    bytesPerSecond,
    intensity,
    ...limits({ flopsPerSecond, bytesPerSecond, intensity }, ceilingsOf(roofline), result.precision),
  });
}

/** Work without arithmetic, such as a copy, is held against memory alone. */
function limits(
  { flopsPerSecond, bytesPerSecond, intensity }: Figures,
  ceilings: Ceilings | undefined,
  precision: BenchResult["precision"],
): Figures {
  if (!ceilings) return {};
  const { memory } = ceilings;
  const peak = (precision === "f16" && ceilings.f16) || ceilings.peak;
  if (intensity !== undefined) {
    const byMemory = intensity * memory.bytesPerSecond;
    const allowedFlopsPerSecond = Math.min(peak, byMemory);
    const share = flopsPerSecond && flopsPerSecond / allowedFlopsPerSecond;
    return { allowedFlopsPerSecond, bound: byMemory < peak ? "memory" : "compute", share };
  }
  return bytesPerSecond && !flopsPerSecond ? { bound: "memory", share: bytesPerSecond / memory.bytesPerSecond } : {};
}

/** Without the names whose values are undefined. */
const known = (figures: Figures): Figures => Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
