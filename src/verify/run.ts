import type { Gpu } from "../gpu/gpu.ts";
import type { Call, DeviceTraits, Lowering, Op, Variant } from "../graph/op.ts";
import { formatType } from "../graph/types.ts";
import { randomSource } from "../random.ts";
import { compare } from "./compare.ts";
import { gradientCalls } from "./gradient.ts";
import { describeCall, type Prepared, prepareSample, toHost } from "./prepare.ts";
import { runLowering, type Transform } from "./runner.ts";
import type { OpSamples } from "./sample.ts";
import type { CaseReport, DeviceName, OpSummary } from "./schema.ts";
import { summarize } from "./summary.ts";

/** A device, and what the planner may be told of it: each set of traits picks and shapes variants anew. */
export interface Target {
  readonly name: DeviceName;
  readonly gpu: Gpu;
  readonly traits: readonly DeviceTraits[];
}

export interface VerifyOptions {
  /** Only ops whose names contain one of these. */
  readonly only?: readonly string[];
  /** Also every node in the graphs of the gradients. Default true. */
  readonly gradients?: boolean;
  /** Plants a fault in the WGSL, to see that the proof finds it. */
  readonly transform?: Transform;
  /** Nothing more of an op once a case of it has failed. */
  readonly stopAtFailure?: boolean;
  readonly onOp?: (summary: OpSummary) => void;
}

export interface Verification {
  readonly ops: readonly OpSummary[];
  readonly cases: readonly CaseReport[];
  readonly ok: boolean;
}

/** What `device` is, and the same as a software adapter and as a real GPU, so that the variants meant for either are all proven here. */
export function traitsToVerify(traits: DeviceTraits): DeviceTraits[] {
  return [traits, { ...traits, software: true }, { ...traits, software: false }];
}

/**
 * Proves ops on GPUs: every sample of every op, with every variant that is allowed for it, in place too where that is offered; and
 * every node in the graph of its gradient. Each runs twice between guard words over poisoned outputs and is compared with the
 * reference under the op's own bound.
 */
export async function verifyOps(
  targets: readonly Target[],
  list: readonly OpSamples[],
  options: VerifyOptions = {},
): Promise<Verification> {
  const ops: OpSummary[] = [];
  const cases: CaseReport[] = [];
  const wanted = list.filter(({ op }) => !options.only?.length || options.only.some((part) => op.name.includes(part)));
  const proven = new Set<string>(list.map(({ op }) => op.name));
  const seen = new Set<string>();
  for (const entry of wanted) {
    const reports = await runAll(jobsOf(entry, targets, options, proven, seen), options);
    const summary = summarize(entry, reports);
    ops.push(summary);
    cases.push(...reports);
    options.onOp?.(summary);
  }
  return { ops, cases, ok: ops.every((summary) => summary.ok) };
}

interface Job {
  readonly op: string;
  readonly face: CaseReport["face"];
  readonly prepared: Prepared;
  readonly variant: Variant;
  readonly target: Target;
  readonly inPlace: number | undefined;
  /** Undefined where planning failed: `problem` says how. */
  readonly lowering?: Lowering;
  readonly problem?: string;
}

function* jobsOf(
  entry: OpSamples,
  targets: readonly Target[],
  options: VerifyOptions,
  proven: ReadonlySet<string>,
  seen: Set<string>,
): Generator<Job> {
  const { op } = entry;
  const samples = entry.samples(randomSource(0, op.name));
  for (const [index, sample] of samples.entries()) {
    const seed = `${op.name} ${index}`;
    const prepared = prepareSample(op, sample, seed);
    yield* jobsForCall(op.name, "forward", prepared, targets, op.kernels, seen, seed);
    if (options.gradients === false) continue;
    for (const call of gradientCalls(entry, sample, prepared.inputs, seed)) {
      // The variants of a listed op are proven by its own samples; here the planner's choice is enough.
      const variants = call.op.kernels;
      yield* jobsForCall(op.name, "gradient", call, targets, variants, seen, seed, proven.has(call.op.name));
    }
  }
}

function* jobsForCall(
  name: string,
  face: CaseReport["face"],
  prepared: Prepared,
  targets: readonly Target[],
  variants: readonly Variant[],
  seen: Set<string>,
  seed: string,
  onlyPreferred = false,
): Generator<Job> {
  for (const target of targets)
    for (const traits of target.traits) {
      const allowed = variants.filter((variant) => variant.allowed(prepared.call, traits));
      for (const variant of onlyPreferred ? preferred(allowed, prepared.call, traits) : allowed)
        for (const inPlace of [undefined, ...(variant.inPlace?.(prepared.call) ?? [])]) {
          const job = planJob({ op: name, face, prepared, variant, target, inPlace }, traits);
          const key = `${target.name} ${seed} ${face} ${prepared.id} ${variant.name} ${inPlace} ${job.problem ?? fingerprint(job.lowering)}`;
          if (seen.has(key)) continue;
          seen.add(key);
          yield job;
        }
    }
}

function planJob(job: Omit<Job, "lowering" | "problem">, traits: DeviceTraits): Job {
  try {
    return { ...job, lowering: job.variant.plan(job.prepared.call, traits, job.inPlace) };
  } catch (error) {
    return { ...job, problem: `planning failed: ${messageOf(error)}` };
  }
}

function preferred(allowed: readonly Variant[], call: Call, traits: DeviceTraits): Variant[] {
  const rank = (variant: Variant) => variant.preference?.(call, traits) ?? 0;
  return allowed.length > 0 ? [allowed.reduce((best, variant) => (rank(variant) > rank(best) ? variant : best))] : [];
}

/** Two plans with equal fingerprints do the same. */
const fingerprint = (lowering: Lowering | undefined): string =>
  JSON.stringify(lowering?.dispatches.map(({ kernel, bindings, params, workgroups }) => [kernel.wgsl, bindings, params, workgroups]));

/** Enough at once that compiling, computing and comparing overlap; few enough to hold little memory. */
const AT_ONCE = 6;

async function runAll(jobs: Iterable<Job>, { transform, stopAtFailure = false }: VerifyOptions): Promise<CaseReport[]> {
  const queue = [...jobs].entries();
  const reports: CaseReport[] = [];
  let failed = false;
  const worker = async () => {
    for (const [index, job] of queue) {
      if (failed && stopAtFailure) return;
      const report = await runJob(job, transform);
      reports[index] = report;
      failed ||= !report.ok;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return reports.filter(Boolean); // where it stopped, some were never run
}

async function runJob(job: Job, transform?: Transform): Promise<CaseReport> {
  const { prepared, target, lowering } = job;
  const { op, call } = prepared;
  const base = {
    op: job.op,
    face: job.face,
    node: (op as Op).name,
    variant: job.variant.name,
    device: target.name,
    inPlace: job.inPlace,
    inputs: call.inputs.map(formatType),
    outputs: call.outputs.map(formatType),
    attributes: describeAttributes(call.attributes),
    note: prepared.note,
  };
  const failed = (problem: string): CaseReport => ({ ...base, error: null, bound: null, ratio: null, ok: false, problem });
  if (!lowering) return failed(job.problem ?? "no plan");
  try {
    const inputs = prepared.inputs.map((values, i) => toHost(call.inputs[i].dtype, values));
    const result = await runLowering(target.gpu, call, lowering, inputs, job.inPlace, transform);
    if (result.outputs.length === 0) return failed(result.problem ?? "no outputs");
    const { error, bound, ratio, where } = compare(call.outputs, prepared.expected, result.outputs);
    const wrong = ratio > 1 ? `${describeCall(prepared)}: ${where}, off by ${error}, allowed ${bound}` : undefined;
    const problem = result.problem ?? wrong;
    return { ...base, error: finite(error), bound: finite(bound), ratio: finite(ratio), ok: problem === undefined, problem };
  } catch (error) {
    return failed(messageOf(error));
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Attributes as JSON, with functions, tensors and long arrays by name or length only. */
function describeAttributes(attributes: unknown): string {
  return (
    JSON.stringify(attributes, (_, value: unknown) => {
      if (typeof value === "function") return `function ${value.name}`;
      if (Array.isArray(value) && value.length > 8) return `${value.length} values`;
      if (typeof value === "object" && value !== null && "wgsl" in value && "name" in value) return value.name;
      return value;
    }) ?? ""
  );
}
