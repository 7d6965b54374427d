import { type BenchOptions, runBench } from "../bench/run.ts";
import type { BenchReport, BenchResult } from "../bench/schema.ts";
import { measureSpeed, type SpeedReport } from "../bench/speed.ts";
import { isKernelBench, type KernelBench } from "../bench/user-kernel.ts";
import { check } from "../errors.ts";
import { type AdapterDescription, formatAdapter, requestDevice } from "../gpu/device.ts";
import { Gpu } from "../gpu/gpu.ts";
import { selfTest } from "../gpu/self-test.ts";
import { formatSummary } from "../verify/format.ts";
import type { Target } from "../verify/jobs.ts";
import { traitsToVerify, type Verification } from "../verify/run.ts";
import { verifyWhole } from "../verify/whole.ts";

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
  /** Parts of names of what is to be proven, in which `*` stands for anything; none means all. */
  readonly only?: readonly string[];
}

export interface VerifyTaskResult extends Verification {
  readonly adapter: AdapterDescription;
}

/**
 * Proves every op, and what else programs, readers and writers run, on a device with all that the adapter gives and on one with the
 * default limits. Logs a line for each.
 */
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
    return { adapter: full.adapter, ...(await verifyWhole(targets, { only, onOp })) };
  } finally {
    full.dispose();
    least.dispose();
  }
}

export interface BenchTaskOptions
  extends Pick<BenchOptions, "suites" | "quick" | "environment" | "command" | "roofline" | "powerPreference"> {
  /** Parts of names, in which `*` stands for anything; none means all. */
  readonly only?: readonly string[];
  /** Where a bundle of kernels of one's own is imported from. */
  readonly file?: string;
}

/** What a task tells while it runs: the command line puts `unrollEvent` where it listens. */
export type BenchEvent =
  | { readonly kind: "progress"; readonly done: number; readonly total: number; readonly name: string }
  | { readonly kind: "result"; readonly result: BenchResult }
  /** All but the results. */
  | { readonly kind: "report"; readonly report: BenchReport };

/** When this module began to run, and when its page did. */
const LOADED = performance.now();

/** Milliseconds from the request for this module until it ran, in a page. */
function moduleLoad(): number | undefined {
  const entries = performance.getEntriesByType?.("resource") ?? [];
  const script = entries.find(({ name }) => name.endsWith("/tasks.js"));
  return script && LOADED - script.startTime;
}

/** Runs the bench. */
export async function bench(source: GPU | undefined, { only, file, ...options }: BenchTaskOptions): Promise<BenchReport> {
  const host = globalThis as { unrollEvent?: (json: string) => void };
  const tell = (event: BenchEvent) => host.unrollEvent?.(JSON.stringify(event));
  let told = 0;
  return runBench({
    ...options,
    gpu: source,
    only,
    kernels: file === undefined ? undefined : await loadKernels(file),
    moduleLoad: moduleLoad(),
    onProgress: (progress) => tell({ kind: "progress", ...progress }),
    onResult: (result) => tell({ kind: "result", result }),
    onReport(report) {
      // once with what it runs on, and once with what that can do
      const stage = report.roofline ? 2 : 1;
      if (stage > told) tell({ kind: "report", report: { ...report, results: [] } });
      told = stage;
    },
  });
}

/** What a file exports that `benchmark` made. */
async function loadKernels(file: string): Promise<KernelBench[]> {
  const module = (await import(/* @vite-ignore */ file)) as Record<string, unknown>;
  const exported = Object.values(module).flatMap((value) => (Array.isArray(value) ? value : [value]));
  const kernels = [...new Set(exported)].filter(isKernelBench); // by its name and as the default is once
  check(kernels.length > 0, "argument", "bench: the file exports nothing that benchmark({ … }) made");
  return kernels;
}

/** Measures the figures that the project is judged by, and logs them. */
export function speed(source: GPU | undefined, _options: Readonly<Record<never, never>>): Promise<SpeedReport> {
  return measureSpeed(source, (line) => console.log(line));
}
