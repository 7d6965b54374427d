import type { Gpu } from "../gpu/gpu.ts";
import type { Call, DeviceTraits, Lowering, Variant } from "../graph/op.ts";
import { randomSource } from "../random.ts";
import { gradientCalls } from "./gradient.ts";
import { type Prepared, prepareSample } from "./prepare.ts";
import type { OpSamples } from "./sample.ts";
import type { CaseReport, DeviceName } from "./schema.ts";

/** A device, and what the planner may be told of it: each set of traits picks and shapes variants anew. */
export interface Target {
  readonly name: DeviceName;
  readonly gpu: Gpu;
  readonly traits: readonly DeviceTraits[];
}

/** One variant on one device for one call, ready to run. */
export interface Job {
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

/** What is planned for already. */
export interface Progress {
  /** Names of ops that have samples of their own. */
  readonly listed: ReadonlySet<string>;
  readonly seen: Set<string>;
}

/** All jobs that prove one op: its samples with every variant, and the nodes of its gradients. */
export function* jobsOf(entry: OpSamples, targets: readonly Target[], gradients: boolean, progress: Progress): Generator<Job> {
  const { op } = entry;
  const samples = entry.samples(randomSource(0, op.name));
  const told = (of: readonly Target[]): Target[] =>
    of.map((target) => ({ ...target, traits: target.traits.flatMap((traits) => tellingAlso(entry, traits)) }));
  for (const [index, sample] of samples.entries()) {
    const seed = `${op.name} ${index}`;
    const prepared = prepareSample(op, sample, seed);
    yield* jobsForCall({ op: op.name, face: "forward", prepared }, told(targets), seed, progress);
    if (!gradients) continue;
    for (const node of gradientCalls(entry, sample, prepared.inputs, seed))
      yield* jobsForCall({ op: op.name, face: "gradient", prepared: node }, targets, seed, progress);
  }
}

/** These traits, and the same with each of the entry's own. */
export const tellingAlso = ({ alsoTold = [] }: OpSamples, traits: DeviceTraits): DeviceTraits[] => [
  traits,
  ...alsoTold.map((also) => ({ ...traits, ...also })),
];

function* jobsForCall(
  base: Pick<Job, "op" | "face" | "prepared">,
  targets: readonly Target[],
  seed: string,
  { listed, seen }: Progress,
): Generator<Job> {
  const { prepared, face } = base;
  const { op, call } = prepared;
  const forward = face === "forward";
  for (const target of targets)
    for (const traits of target.traits) {
      const allowed = op.kernels.filter((variant) => variant.allowed(call, traits));
      // The variants of a listed op are proven by its own samples; within a gradient the planner's choice is enough.
      for (const variant of forward || !listed.has(op.name) ? allowed : preferred(allowed, call, traits))
        for (const inPlace of [undefined, ...(variant.inPlace?.(call) ?? [])]) {
          const job = planJob({ ...base, variant, target, inPlace }, traits);
          // Within a gradient, what was planned alike on one device of this adapter is proven on the other.
          const where = forward ? target.name : "";
          const key = `${where} ${seed} ${face} ${prepared.id} ${variant.name} ${inPlace} ${job.problem ?? fingerprint(job.lowering)}`;
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

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
