import { Engine } from "../program/engine.ts";
import { allSamples } from "./all.ts";
import type { Target } from "./jobs.ts";
import type { Place, Proof, ProofCase } from "./proof.ts";
import { allProofs } from "./proofs.ts";
import { isWanted, type Verification, type VerifyOptions, verifyOn } from "./run.ts";
import type { Transform } from "./runner.ts";
import type { CaseReport, OpSummary } from "./schema.ts";

/**
 * Proves all that this package runs on a GPU: the ops, and what programs, readers and writers run beside them.
 */
export async function verifyWhole(targets: readonly Target[], options: VerifyOptions = {}, proofs = allProofs): Promise<Verification> {
  const { ops, cases } = await verifyOn(targets, allSamples, options);
  const rest = await verifyProofs(targets, proofs, options);
  const all = [...ops, ...rest.ops];
  return { ops: all, cases: [...cases, ...rest.cases], ok: all.every((summary) => summary.ok) };
}

/** The names of all that can be proven, each once. */
export const namesToVerify = (): string[] => [...new Set([...allSamples.map(({ op }) => op.name), ...allProofs.map(({ name }) => name)])];

/** Proves what is no op. */
export async function verifyProofs(
  targets: readonly Target[],
  proofs: readonly Proof[],
  options: VerifyOptions = {},
): Promise<Verification> {
  const ops: OpSummary[] = [];
  const cases: CaseReport[] = [];
  const { transform } = options;
  const restore = targets.map(({ gpu }) => transform && plant(gpu.device, transform));
  const engines = new Engines();
  try {
    for (const proof of proofs.filter(({ name }) => isWanted(name, options.only))) {
      const { summary, reports } = await prove(proof, targets, engines, options.stopAtFailure ?? false);
      ops.push(summary);
      cases.push(...reports);
      options.onOp?.(summary);
    }
    return { ops, cases, ok: ops.every((summary) => summary.ok) };
  } finally {
    engines.dispose();
    for (const take of restore) take?.();
  }
}

/** Engines on the targets' devices, one for each of the traits that they are told, so that pipelines are compiled once. */
class Engines {
  readonly #made = new Map<Target["traits"][number], Engine>();

  async of({ gpu }: Target, traits: Target["traits"][number]): Promise<Engine> {
    const engine = this.#made.get(traits) ?? (await Engine.create({ device: gpu.device, traits, selfTest: false }));
    this.#made.set(traits, engine);
    return engine;
  }

  dispose(): void {
    for (const engine of this.#made.values()) engine.dispose();
  }
}

async function prove(proof: Proof, targets: readonly Target[], engines: Engines, stopAtFailure: boolean) {
  const reports: CaseReport[] = [];
  const missing: Record<string, string> = {};
  for (const target of targets) {
    const lacks = proof.missing?.(target.gpu) ?? {};
    Object.assign(missing, lacks);
    const wanted = proof.cases().filter(({ variant }) => !(variant in lacks));
    for (const traits of proof.byTraits ? kindsOf(target) : target.traits.slice(0, 1))
      for (const one of wanted) {
        if (stopAtFailure && reports.some(({ ok }) => !ok)) break;
        reports.push(await runCase(proof, one, target, { gpu: target.gpu, traits, engine: await engines.of(target, traits) }));
      }
  }
  return { summary: summarizeProof(proof, reports, missing), reports };
}

/** One of each kind: a software adapter and a real GPU. */
const kindsOf = ({ traits }: Target): Target["traits"] =>
  traits.filter(({ software }, i) => traits.findIndex((other) => other.software === software) === i);

async function runCase(proof: Proof, one: ProofCase, target: Target, place: Place): Promise<CaseReport> {
  const { variant, note, inputs = [], outputs = [], attributes = "" } = one;
  const kind = proof.byTraits ? (place.traits.software ? ", as on a software adapter" : ", as on a real GPU") : "";
  const base = {
    op: proof.name,
    face: proof.kind,
    node: proof.name,
    variant,
    device: target.name,
    inputs,
    outputs,
    attributes,
    note: note === undefined && kind === "" ? undefined : `${note ?? ""}${kind}`.replace(/^, /, ""),
  };
  try {
    const { error, bound, ratio, where, problem: found } = await one.run(place);
    const problem = found ?? (ratio > 1 ? `${where}, off by ${error}, allowed ${bound}` : undefined);
    return { ...base, error: finite(error), bound: finite(bound), ratio: finite(ratio), ok: problem === undefined, problem };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { ...base, error: null, bound: null, ratio: null, ok: false, problem };
  }
}

function summarizeProof({ name, kind, variants: all }: Proof, reports: readonly CaseReport[], missing: Record<string, string>): OpSummary {
  const variants = [...new Set(reports.map(({ variant }) => variant))];
  const failed = reports.filter(({ ok }) => !ok).length;
  const unreached = all.filter((variant) => !variants.includes(variant) && !(variant in missing));
  const badness = ({ ratio }: CaseReport): number => ratio ?? Number.POSITIVE_INFINITY;
  const worst = reports.reduce<CaseReport | undefined>((a, b) => (a && badness(a) >= badness(b) ? a : b), undefined);
  return {
    op: name,
    kind,
    cases: reports.length,
    failed,
    variants,
    unreached,
    // a device with the default limits may lack what the other one gave
    missing: Object.entries(missing)
      .filter(([variant]) => !variants.includes(variant))
      .map(([variant, reason]) => `${variant}: ${reason}`),
    worst: worst && { error: worst.error, bound: worst.bound, ratio: worst.ratio, variant: worst.variant },
    ok: failed === 0 && unreached.length === 0,
  };
}

/** Changes each shader before it is compiled, until it is called back. */
function plant(device: GPUDevice, transform: Transform): () => void {
  const make = device.createShaderModule;
  device.createShaderModule = (descriptor) => {
    const { code, label = "" } = descriptor;
    return make.call(device, { ...descriptor, code: transform(code, { name: label, wgsl: code, bindings: {} }) });
  };
  return () => {
    device.createShaderModule = make;
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
