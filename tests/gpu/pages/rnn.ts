import { requestDevice } from "../../../src/gpu/device.ts";
import { Gpu } from "../../../src/gpu/gpu.ts";
import type { Call } from "../../../src/graph/op.ts";
import { tanhActivation } from "../../../src/ops/activation.ts";
import type { WalkAttributes } from "../../../src/ops/rnn/check.ts";
import { rnnWalkOp } from "../../../src/ops/rnn/walk.ts";
import { rnnWalkGradientOp } from "../../../src/ops/rnn/walk-gradient.ts";
import { randomSource } from "../../../src/random.ts";
import { traitsToVerify } from "../../../src/verify/run.ts";
import { type RunResult, runLowering } from "../../../src/verify/runner.ts";

export interface CutResult {
  readonly variant: string;
  /** Dispatches of the walk in one piece, and cut. */
  readonly dispatches: readonly [number, number];
  readonly sameBits: boolean;
  readonly problem?: string;
}

const [STEPS, BATCH] = [150, 5];

function drawn(shape: readonly number[], scale: number): Float32Array {
  const random = randomSource(0, String(shape));
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => scale * random.normal());
}

/** Every variant of the walk, forward from a state and backward, in one piece and in pieces of 64 steps. */
export async function cutWalks(hidden: number): Promise<CutResult[]> {
  const gpu = new Gpu(await requestDevice({}), true);
  try {
    const f32 = (...shape: number[]) => ({ dtype: "f32" as const, shape });
    const sequence = f32(STEPS, BATCH, hidden);
    const calls = [
      { op: rnnWalkOp, inputs: [sequence, f32(hidden, hidden), f32(BATCH, hidden)] },
      { op: rnnWalkGradientOp, inputs: [sequence, sequence, f32(hidden, hidden)] },
    ];
    const results: CutResult[] = [];
    for (const { op, inputs } of calls) {
      const call: Call<WalkAttributes> = { inputs, outputs: [sequence], attributes: { activation: tanhActivation } };
      const values = inputs.map(({ shape }) => drawn(shape, shape === sequence.shape ? 0.5 : 0.8 / Math.sqrt(hidden)));
      for (const traits of traitsToVerify(gpu.traits))
        for (const variant of op.kernels.filter(({ allowed }) => allowed(call, traits))) {
          const lowerings = [1e15, 1].map((walkFlops) => variant.plan(call, { ...traits, walkFlops }));
          const runs: RunResult[] = [];
          for (const lowering of lowerings) runs.push(await runLowering(gpu, call, lowering, values, undefined));
          results.push({
            variant: `${op.name} ${variant.name}`,
            dispatches: [lowerings[0].dispatches.length, lowerings[1].dispatches.length],
            sameBits: runs[0].outputs[0].every((value, i) => Object.is(value, runs[1].outputs[0][i])),
            problem: runs[0].problem ?? runs[1].problem,
          });
        }
    }
    return results;
  } finally {
    gpu.dispose();
  }
}

/**
 * One step from a state whose last unit is infinite, with positive weights and tanh: 1 everywhere. The results of each variant that are
 * something else.
 */
export async function infiniteState(hidden: number): Promise<{ readonly variants: string[]; readonly wrong: string[] }> {
  const gpu = new Gpu(await requestDevice({}), true);
  try {
    const f32 = (...shape: number[]) => ({ dtype: "f32" as const, shape });
    const batch = 3;
    const inputs = [f32(1, batch, hidden), f32(hidden, hidden), f32(batch, hidden)];
    const call: Call<WalkAttributes> = { inputs, outputs: [inputs[0]], attributes: { activation: tanhActivation } };
    const state = Float32Array.from({ length: batch * hidden }, (_, i) => (i % hidden === hidden - 1 ? Number.POSITIVE_INFINITY : 0.5));
    const values = [new Float32Array(batch * hidden), new Float32Array(hidden * hidden).fill(0.25), state];
    const [variants, wrong] = [new Set<string>(), new Set<string>()];
    for (const traits of traitsToVerify(gpu.traits))
      for (const variant of rnnWalkOp.kernels.filter(({ allowed }) => allowed(call, traits))) {
        const { outputs, problem } = await runLowering(gpu, call, variant.plan(call, traits), values, undefined);
        variants.add(variant.name);
        const other = outputs[0].find((value) => value !== 1);
        if (problem || other !== undefined) wrong.add(`${variant.name}: ${problem ?? other}`);
      }
    return { variants: [...variants], wrong: [...wrong] };
  } finally {
    gpu.dispose();
  }
}
