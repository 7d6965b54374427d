import { measureSpeed, type SpeedReport } from "../bench/speed.ts";
import { type AdapterDescription, formatAdapter, requestDevice } from "../gpu/device.ts";
import { Gpu } from "../gpu/gpu.ts";
import { selfTest } from "../gpu/self-test.ts";
import { allSamples } from "../verify/all.ts";
import { formatSummary } from "../verify/format.ts";
import type { Target } from "../verify/jobs.ts";
import { traitsToVerify, type Verification, verifyOn } from "../verify/run.ts";

/*
 * What the command line runs inside a runtime. Each function takes the runtime's GPU and options of plain JSON, and returns plain
 * JSON. What it logs appears on the terminal as it comes.
 */

export interface Info {
  readonly adapter: AdapterDescription;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly languageFeatures: readonly string[];
}

/** The adapter with what it can do. @throws UnrollError `adapter` when there is none, `self-test` when it computes wrong values. */
export async function info(source: GPU | undefined, _options: Readonly<Record<never, never>>): Promise<Info> {
  const gpu = new Gpu(await requestDevice({ gpu: source }), true);
  try {
    await selfTest(gpu);
    const limits: Record<string, number> = {};
    for (const name in gpu.device.limits) {
      const value = gpu.device.limits[name as keyof GPUSupportedLimits];
      if (typeof value === "number") limits[name] = value;
    }
    return {
      adapter: gpu.adapter,
      features: [...gpu.device.features].sort(),
      limits,
      languageFeatures: [...(source?.wgslLanguageFeatures ?? [])].sort(),
    };
  } finally {
    gpu.dispose();
  }
}

export interface VerifyTaskOptions {
  /** Only ops whose names contain one of these; none means all. */
  readonly only?: readonly string[];
}

export interface VerifyTaskResult extends Verification {
  readonly adapter: AdapterDescription;
}

/** Proves every op, on a device with all that the adapter gives and on one with the default limits. Logs a line for each op. */
export async function verify(source: GPU | undefined, { only = [] }: VerifyTaskOptions): Promise<VerifyTaskResult> {
  const full = new Gpu(await requestDevice({ gpu: source }), true);
  const least = new Gpu(await requestDevice({ gpu: source, defaultLimits: true }), true);
  try {
    await selfTest(full);
    await selfTest(least);
    console.log(`adapter: ${formatAdapter(full.adapter)}`);
    const targets: Target[] = [
      { name: "native", gpu: full, traits: traitsToVerify(full.traits) },
      { name: "default limits", gpu: least, traits: traitsToVerify(least.traits) },
    ];
    const onOp = (summary: Verification["ops"][number]) => console.log(formatSummary(summary));
    return { adapter: full.adapter, ...(await verifyOn(targets, allSamples, { only, onOp })) };
  } finally {
    full.dispose();
    least.dispose();
  }
}

/** Measures the figures that the project is judged by, and logs them. */
export function speed(source: GPU | undefined, _options: Readonly<Record<never, never>>): Promise<SpeedReport> {
  return measureSpeed(source, (line) => console.log(line));
}
