import type { DeviceTraits } from "../graph/op.ts";
import { formatType } from "../graph/types.ts";
import { fits } from "../patterns.ts";
import { compare } from "./compare.ts";
import { type Job, jobsOf, type Progress, type Target } from "./jobs.ts";
import { describeCall, toHost } from "./prepare.ts";
import { runLowering, type Transform } from "./runner.ts";
import type { OpSamples } from "./sample.ts";
import type { CaseReport, OpSummary } from "./schema.ts";
import { summarize } from "./summary.ts";

export interface VerifyOptions {
  /** Only what has a name that one of these patterns fits: parts of names, in which `*` stands for anything. */
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

/** Whether one of the patterns fits a name; without any, all are wanted. */
export const isWanted = (name: string, only: readonly string[] | undefined): boolean =>
  !only?.length || only.some((pattern) => fits(pattern, name));

/**
 * Proves ops on GPUs: every sample of every op, with every variant that is allowed for it, in place too where that is offered; and
 * every node in the graph of its gradient. Each runs twice between guard words over poisoned outputs and is compared with the
 * reference under the op's own bound.
 */
export async function verifyOn(targets: readonly Target[], list: readonly OpSamples[], options: VerifyOptions = {}): Promise<Verification> {
  const ops: OpSummary[] = [];
  const cases: CaseReport[] = [];
  const wanted = list.filter(({ op }) => isWanted(op.name, options.only));
  const progress: Progress = { listed: new Set(list.map(({ op }) => op.name)), seen: new Set() };
  for (const entry of wanted) {
    const reports = await runAll(jobsOf(entry, targets, options.gradients ?? true, progress), options);
    const summary = summarize(entry, reports);
    ops.push(summary);
    cases.push(...reports);
    options.onOp?.(summary);
  }
  return { ops, cases, ok: ops.every((summary) => summary.ok) };
}

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
    node: op.name,
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
