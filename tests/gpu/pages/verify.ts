import { requestDevice } from "../../../src/gpu/device.ts";
import { Gpu } from "../../../src/gpu/gpu.ts";
import type { Shape } from "../../../src/graph/types.ts";
import { tanhActivation } from "../../../src/ops/activation.ts";
import { matmulOp } from "../../../src/ops/matmul/matmul.ts";
import type { MatmulAttributes } from "../../../src/ops/matmul/problem.ts";
import { allSamples } from "../../../src/verify/all.ts";
import type { Target } from "../../../src/verify/jobs.ts";
import type { Proof } from "../../../src/verify/proof.ts";
import { allProofs } from "../../../src/verify/proofs.ts";
import { traitsToVerify, type Verification, verifyOn } from "../../../src/verify/run.ts";
import type { OpSamples, Sample } from "../../../src/verify/sample.ts";
import { type SpecialOptions, type SpecialReport, verifySpecial } from "../../../src/verify/special.ts";
import { verifyProofs } from "../../../src/verify/whole.ts";
import { type Extent, everyNth, part, partOfProof } from "../../support/sweep.ts";

let targets: Promise<readonly Target[]> | undefined;

/** A device with all that the adapter has, and one with the default limits: the same for all calls, as their pipelines are dear. */
async function openTargets(): Promise<readonly Target[]> {
  const full = new Gpu(await requestDevice({}), true);
  const least = new Gpu(await requestDevice({ defaultLimits: true }), true);
  return [
    { name: "native", gpu: full, traits: traitsToVerify(full.traits) },
    { name: "default limits", gpu: least, traits: traitsToVerify(least.traits) },
  ];
}

/**
 * Proves one op by its place in the list: with all of its samples on both devices, or with a part that reaches each variant, what is
 * planned for either device on the first.
 */
export async function verifyAt(index: number, extent: Extent): Promise<Verification> {
  targets ??= openTargets();
  const devices = await targets;
  const entry = allSamples[index];
  if (extent === "whole") return verifyOn(devices, [entry]);
  const traits = devices.flatMap((device) => device.traits);
  return verifyOn([{ ...devices[0], traits }], [{ ...entry, samples: (random) => part(entry, entry.samples(random), traits) }]);
}

export interface FaultResult {
  /** Kernels whose WGSL held the text. */
  readonly planted: number;
  readonly caught: boolean;
  /** What the first failed case says. */
  readonly variant?: string;
  readonly problem?: string;
}

/**
 * Proves one op forward, or what is no op, while in every kernel all that the pattern `right` matches is replaced by `wrong`; only samples whose note
 * holds `note`, where that is given, and nothing more once a case has failed.
 */
export async function verifyWithFault(op: string, right: string, wrong: string, note = ""): Promise<FaultResult> {
  const gpu = new Gpu(await requestDevice({}), true);
  const planted = new Set<string>();
  const pattern = new RegExp(right, "g");
  const list = allSamples
    .filter((entry) => entry.op.name === op)
    .map((entry): OpSamples => ({ ...entry, samples: (random) => entry.samples(random).filter((it) => !note || it.note?.includes(note)) }));
  const transform = (wgsl: string): string => {
    const changed = wgsl.replace(pattern, wrong);
    if (changed !== wgsl) planted.add(wgsl);
    return changed;
  };
  try {
    const targets: Target[] = [{ name: "native", gpu, traits: traitsToVerify(gpu.traits) }];
    const options = { gradients: false, stopAtFailure: true, transform };
    const { cases } =
      list.length > 0 ? await verifyOn(targets, list, options) : await verifyProofs(targets, proofsNamed(op, note), options);
    const failed = cases.find((report) => !report.ok);
    return { planted: planted.size, caught: failed !== undefined, variant: failed?.variant, problem: failed?.problem };
  } finally {
    gpu.dispose();
  }
}

const proofsNamed = (name: string, note: string): Proof[] =>
  allProofs
    .filter((proof) => proof.name === name)
    .map((proof) => ({ ...proof, cases: () => proof.cases().filter((one) => !note || `${one.variant} ${one.note}`.includes(note)) }));

/** Proves what is no op, by its place in the list: all of its cases on both devices, or a part of them on the first. */
export async function verifyProofAt(index: number, extent: Extent): Promise<Verification> {
  targets ??= openTargets();
  const devices = await targets;
  const proof = allProofs[index];
  return extent === "whole" ? verifyProofs(devices, [proof]) : verifyProofs([devices[0]], [partOfProof(proof)]);
}

/** Products of more than 2e8 multiply-adds with every variant, at 1,000 elements each: ragged with an epilogue; transposed in a batch. */
export async function verifyLarge(): Promise<Verification> {
  const product = (a: Shape, b: Shape, attributes: Partial<MatmulAttributes> = {}, bias?: number): Sample<MatmulAttributes> => ({
    inputs: [{ shape: a }, { shape: b }, ...(bias === undefined ? [] : [{ shape: [bias] }])],
    attributes: { transposeA: false, transposeB: false, ...attributes },
  });
  const samples = [
    product([1001, 333], [333, 701], { activation: tanhActivation }, 701),
    product([3, 260, 512], [3, 516, 512], { transposeB: true }),
  ];
  targets ??= openTargets();
  const [native] = await targets;
  return verifyOn([native], [{ op: matmulOp, samples: () => samples }], { gradients: false });
}

/** One op by its place in the list, every fourth sample of it, with special values. */
export async function specialAt(index: number, options: SpecialOptions): Promise<SpecialReport> {
  targets ??= openTargets();
  const [native] = await targets;
  const entry = allSamples[index];
  const samples: OpSamples["samples"] = (random) => everyNth(entry.samples(random), 4, entry.op.name);
  return verifySpecial([native], [{ ...entry, samples }], options);
}

/** One op with special values while in its kernels all that the pattern `right` matches is replaced by `wrong`. */
export async function specialWithFault(op: string, right: string, wrong: string): Promise<FaultResult> {
  targets ??= openTargets();
  const [native] = await targets;
  const planted = new Set<string>();
  const transform = (wgsl: string): string => {
    const changed = wgsl.replace(new RegExp(right, "g"), wrong);
    if (changed !== wgsl) planted.add(wgsl);
    return changed;
  };
  const list = allSamples.filter((entry) => entry.op.name === op);
  const { failures } = await verifySpecial([native], list, { gradients: false, stopAtFailure: true, upTo: 1e5, share: 0.5, transform });
  return { planted: planted.size, caught: failures.length > 0, problem: failures[0] };
}
