import { check, checkOptions, describe, UnrollError } from "../errors.ts";
import { tagOf } from "../host.ts";
import { fits, unfit } from "../patterns.ts";
import { Engine } from "../program/engine.ts";
import { type GpuParts, gpuPartsOf } from "../program/parts.ts";
import { type EnvironmentHints, environmentOf, measureClock } from "./environment.ts";
import { PATIENCE_MS, throwLoss, within } from "./patience.ts";
import { measureRoofline } from "./roofline.ts";
import { BENCH_SCHEMA, type BenchReport, type BenchResult, type Distribution, type Roofline } from "./schema.ts";
import { joined } from "./statistics.ts";
import type { Bench, Ready, Subject } from "./subject.ts";
import { kernelSubjects } from "./suites/kernels.ts";
import { layerSubjects } from "./suites/layers.ts";
import { modelSubjects } from "./suites/models.ts";
import { measureStart } from "./suites/start.ts";
import { startNames } from "./suites/start-names.ts";
import { updateSubjects } from "./suites/updates.ts";
import { type Lap, repeatsFor, restoring, Stopwatch, sample, warmUp } from "./timing.ts";
import { type KernelBench, kernelBenchSubjects } from "./user-kernel.ts";

/** Suites that this package can run; `peers` needs other libraries and is run in the repository. */
export const suiteNames = ["start", "kernels", "layers", "models"] as const;
export type SuiteName = (typeof suiteNames)[number];

export interface BenchOptions {
  /** Where to request the device: `navigator.gpu` unless given. */
  readonly gpu?: GPU;
  readonly powerPreference?: GPUPowerPreference;
  /** Default: all, or none where `kernels` are given. */
  readonly suites?: readonly SuiteName[];
  /** Kernels of one's own, made by `benchmark`. */
  readonly kernels?: readonly KernelBench[];
  /**
   * Only what has this in its name, "suite: row, subject": an expression, or patterns, which are parts of names in which `*` stands for
   * anything; each pattern must fit a row.
   */
  readonly only?: RegExp | readonly string[];
  /** Fewer rows and samples: under a minute. */
  readonly quick?: boolean;
  /** Measure what the device can do first. Default true. */
  readonly roofline?: boolean;
  /** Ends the run with what is done. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly name: string }) => void;
  /** Called whenever something has been measured (again): rows are measured in rounds. */
  readonly onResult?: (result: BenchResult) => void;
  /** Called with everything so far when the roofline is there and after each result. */
  readonly onReport?: (report: BenchReport) => void;
  /** What a page cannot know of itself. */
  readonly environment?: EnvironmentHints;
  readonly command?: string;
  /** Milliseconds that loading this script took, for `start`. */
  readonly moduleLoad?: number;
}

interface Pace {
  /** Each row is measured this many times, with all others between, so that a machine that drifts shows in the spread. */
  readonly rounds: number;
  readonly samples: number;
  /** Of one round of one row. */
  readonly budget: number;
  readonly atLeast: number;
}
const PACE: Pace = { rounds: 5, samples: 3, budget: 500, atLeast: 8 };
const QUICK: Pace = { rounds: 4, samples: 2, budget: 150, atLeast: 4 };
/** Below this many steps of the clock a time means little. */
const GRAINS = 50;

/** What is measured within a sample is long beside the clock's step. */
export function paceOf(quick: boolean, { gpuGrainNanoseconds, wallGrainNanoseconds }: BenchReport["clock"]): Pace {
  const pace = quick ? QUICK : PACE;
  const grain = (gpuGrainNanoseconds ?? wallGrainNanoseconds) / 1e6;
  return { ...pace, atLeast: Math.max(pace.atLeast, GRAINS * grain) };
}

/**
 * Runs suites, or kernels of one's own, and measures what the device can do. A row whose output is wrong gets no time.
 * @throws UnrollError `adapter` without WebGPU, `self-test` when the adapter computes wrong values, `name` when nothing is chosen, `lost`.
 */
export async function runBench(options: BenchOptions = {}): Promise<BenchReport> {
  checkOptions("runBench", options, [
    ...["gpu", "powerPreference", "suites", "kernels", "only", "quick", "roofline", "signal", "onProgress", "onResult", "onReport"],
    ...["environment", "command", "moduleLoad"],
  ]);
  const { gpu: source, quick = false, signal, kernels = [], only } = options;
  const suites = options.suites ?? (kernels.length > 0 ? [] : suiteNames);
  check(Array.isArray(suites), "argument", () => `runBench: suites must be a list of names, not ${describe(suites)}`);
  check(Array.isArray(kernels), "argument", () => `runBench: kernels must be a list of what benchmark makes, not ${describe(kernels)}`);
  const isPatterns = Array.isArray(only) && only.every((pattern) => typeof pattern === "string");
  check(
    only === undefined || isExpression(only) || isPatterns,
    "argument",
    () => `runBench: only must be a RegExp or a list of patterns, not ${describe(only)}`,
  );
  for (const suite of suites)
    check(suiteNames.includes(suite), "name", () => `bench: there is no suite "${String(suite)}"; suites are ${suiteNames.join(", ")}`);
  const patterns = isPatterns ? (only as readonly string[]) : [];
  const isWanted = (key: string) => (isExpression(only) ? only.test(key) : patterns.length === 0 || patterns.some((one) => fits(one, key)));
  const wanted = (suite: string, name: string, subject: string) => isWanted(`${suite}: ${name}, ${subject}`);
  const date = new Date().toISOString();
  // Before anything else is compiled, or it would not be cold; and one only, for what comes second finds a warm browser.
  const starts = suites.includes("start") ? startNames.filter((name) => wanted("start", name, "unroll")).slice(0, 1) : [];
  const results = new Map<string, BenchResult>();
  for (const name of starts) {
    if (signal?.aborted) break;
    options.onProgress?.({ done: 0, total: starts.length, name: `start: ${name}` });
    const result = await measureStart(name, { gpu: source, powerPreference: options.powerPreference }, options.moduleLoad);
    results.set(`start: ${name}, unroll`, result);
    options.onResult?.(result);
  }
  const engine = await Engine.create({ gpu: source, powerPreference: options.powerPreference });
  const { gpu } = gpuPartsOf(engine) as GpuParts;
  try {
    const offered = [
      ...(suites.includes("kernels") ? [...kernelSubjects(gpu.traits, quick), ...updateSubjects(quick)] : []),
      ...(suites.includes("layers") ? layerSubjects(quick) : []),
      ...(suites.includes("models") ? modelSubjects(quick) : []),
      ...kernels.flatMap(kernelBenchSubjects),
    ];
    const subjects = offered.filter(({ suite, name, subject }) => wanted(suite, name, subject));
    const known = [...(suites.includes("start") ? startNames.map((name) => `start: ${name}, unroll`) : []), ...offered.map(keyOf)];
    const unfitting = unfit("nothing", patterns, known);
    check(unfitting === undefined, "name", () => `bench: ${unfitting}`);
    const twice = subjects.map(keyOf).find((key, i, all) => all.indexOf(key) < i);
    check(twice === undefined, "name", () => `bench: two kernels are called ${twice}; give their benchmarks names of their own`);
    check(subjects.length + starts.length > 0, "name", () => `bench: nothing has a name that matches ${only}`);
    const clock = await measureClock(gpu);
    const base = {
      schema: BENCH_SCHEMA,
      date,
      command: options.command,
      environment: environmentOf(gpu, options.environment),
      clock,
    } as const;
    const measured = (options.roofline ?? true) && subjects.length > 0 && !signal?.aborted;
    options.onProgress?.({ done: 0, total: subjects.length, name: "what the device can do" });
    let roofline: Roofline | undefined;
    const report = (): BenchReport => ({
      ...base,
      roofline,
      results: [...results.values()],
      ...(signal?.aborted ? { incomplete: true } : {}),
    });
    options.onReport?.(report());
    if (measured) {
      roofline = await measureRoofline(gpu, { quick, signal });
      options.onReport?.(report());
    }
    const bench: Measuring = { engine, gpu, stopwatch: new Stopwatch(gpu), pace: paceOf(quick, clock) };
    try {
      await measureAll(bench, subjects, results, options, () => options.onReport?.(report()));
    } finally {
      bench.stopwatch.dispose();
    }
    return report();
  } catch (error) {
    await throwLoss(gpu, error);
    throw error;
  } finally {
    engine.dispose();
  }
}

/** Also one of another window. */
const isExpression = (only: BenchOptions["only"]): only is RegExp => tagOf(only) === "RegExp";

const keyOf = ({ suite, name, subject }: Subject): string => `${suite}: ${name}, ${subject}`;

interface Measuring extends Bench {
  readonly stopwatch: Stopwatch;
  readonly pace: Pace;
}

async function measureAll(
  bench: Measuring,
  subjects: readonly Subject[],
  results: Map<string, BenchResult>,
  { signal, onProgress, onResult }: BenchOptions,
  onChange: () => void,
): Promise<void> {
  const total = subjects.length * bench.pace.rounds;
  let done = 0;
  for (let round = 0; round < bench.pace.rounds; round++)
    for (const subject of subjects) {
      if (signal?.aborted) return;
      const key = keyOf(subject);
      onProgress?.({ done: done++, total, name: key });
      const before = results.get(key);
      if (before && (!before.check.ok || before.missing !== undefined)) continue;
      const result = await within(measureOnce(bench, subject, before), PATIENCE_MS, key);
      results.set(key, result);
      onResult?.(result);
      onChange();
    }
}

/** Prepares a subject, checks it the first time, and times it. What fails is told in the result. */
async function measureOnce(bench: Measuring, subject: Subject, before?: BenchResult): Promise<BenchResult> {
  const { suite, name, chosen } = subject;
  const base = { suite, name, subject: subject.subject, ...(chosen === undefined ? {} : { chosen }) };
  let ready: Ready | undefined;
  try {
    ready = await subject.prepare(bench);
    const { cost = {}, precision, dispatches } = ready;
    const described = { ...base, ...cost, ...(precision ? { precision } : {}), dispatches, submits: 1 };
    const checked = before?.check ?? (await ready.check());
    if (!checked.ok) return { ...described, check: checked };
    const { gpu, wall } = await time(bench, ready);
    const after = (earlier: Distribution | undefined, now: Distribution) => (earlier ? joined(earlier, now) : now);
    return { ...described, check: checked, gpu: gpu && after(before?.gpu, gpu), wall: after(before?.wall, wall) };
  } catch (error) {
    if (error instanceof UnrollError && (error.code === "lost" || error.code === "disposed")) throw error;
    // not wrong: this device cannot
    if (error instanceof UnrollError && error.code === "limit")
      return { ...base, check: { ok: true, against: "none" }, missing: error.message };
    await throwLoss(bench.gpu, error);
    return { ...base, check: { ok: false, against: "none", message: error instanceof Error ? error.message : String(error) } };
  } finally {
    ready?.dispose();
  }
}

async function time({ stopwatch, pace }: Measuring, ready: Ready): Promise<{ gpu?: Distribution; wall: Distribution }> {
  const { atLeast } = pace;
  const { once, run, finish } = ready;
  const lap = (repeats: number): Promise<Lap> => stopwatch.lap(ready.encode, repeats);
  const passes = await steady(once ? restoring(lap, once) : lap, pace, atLeast);
  if (!run || !finish) return passes;
  let turn = 0;
  const loop = async (repeats: number): Promise<Lap> => {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) await run(turn++);
    await finish();
    return { wall: performance.now() - start };
  };
  const { wall } = await steady(loop, pace, 3 * atLeast);
  return { gpu: passes.gpu, wall };
}

/** Samples of as many runs as take `atLeast`, once that many take the same time again and again. */
async function steady(lap: (repeats: number) => Promise<Lap>, { samples, budget }: Pace, atLeast: number) {
  const repeats = await repeatsFor(lap, atLeast);
  await warmUp(lap, repeats, budget);
  return sample(lap, { samples, budget, warmUp: 0, repeats });
}
