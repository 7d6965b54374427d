import type { Gpu } from "../gpu/gpu.ts";
import type { BenchEnvironment, BenchReport } from "./schema.ts";
import { median } from "./statistics.ts";
import { Stopwatch } from "./timing.ts";

export type EnvironmentHints = Partial<Pick<BenchEnvironment, "runtime" | "flags" | "versions">>;

export function environmentOf(gpu: Gpu, hints: EnvironmentHints = {}): BenchEnvironment {
  const limits: Record<string, number> = {};
  for (const name in gpu.device.limits) {
    const value = gpu.device.limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") limits[name] = value;
  }
  const { userAgent = "", hardwareConcurrency } = typeof navigator === "undefined" ? {} : (navigator as Partial<Navigator>);
  return {
    adapter: gpu.adapter,
    features: [...gpu.device.features].sort(),
    limits,
    userAgent,
    runtime: hints.runtime ?? { name: "page", choice: userAgent },
    flags: hints.flags ?? [],
    versions: hints.versions ?? {},
    cores: hardwareConcurrency,
    driver: driverOf(gpu.device),
  };
}

/** Not standard: what Chrome's developer features add to the adapter's info. */
function driverOf({ adapterInfo }: GPUDevice): string | undefined {
  const { driver, backend } = (adapterInfo ?? {}) as { driver?: unknown; backend?: unknown };
  const parts = [driver, backend].filter((part) => typeof part === "string" && part !== "");
  return parts.length > 0 ? parts.join(", ") : undefined;
}

const SMALL = 24;

/** The steps of both clocks, as they show: browsers round them, each in its own way. */
export async function measureClock(gpu: Gpu): Promise<BenchReport["clock"]> {
  const wallGrainNanoseconds = wallGrain();
  const stopwatch = new Stopwatch(gpu);
  try {
    if (stopwatch.clock === "wall") return { kind: "wall", wallGrainNanoseconds };
    const stamps: bigint[] = [];
    for (let i = 0; i < SMALL; i++) stamps.push(...(await stopwatch.stamps(() => {}, 1)));
    return { kind: "gpu", gpuGrainNanoseconds: grainOf(stamps), wallGrainNanoseconds };
  } finally {
    stopwatch.dispose();
  }
}

/** What all steps between timestamps are multiples of: 65,536 where the browser clears the lower 16 bits. */
export function grainOf(stamps: readonly bigint[]): number {
  const steps = stamps.map((stamp) => stamp - stamps[0]).map((step) => (step < 0n ? -step : step));
  return Number(steps.reduce(gcd, 0n));
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));

function wallGrain(): number {
  const steps = Array.from({ length: 15 }, () => {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    return 1e6 * (now - start);
  });
  return Math.round(median(steps));
}
