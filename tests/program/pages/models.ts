import {
  add,
  clipNorm,
  type Engine,
  type F32,
  type Gradients,
  glorot,
  gradient,
  input,
  matmul,
  meanSquaredError,
  type OptimizerRule,
  orthogonal,
  rnn,
  sgd,
  type Tensor,
  variable,
} from "../../../src/index.ts";

export interface RnnSizes {
  readonly T: number;
  readonly B: number;
  readonly I: number;
  readonly H: number;
  readonly O: number;
}

/** The recurrent network of the issue: h = tanh(x·U + h·W + b), y = h·V + c, mean squared error, clipping by the global norm. */
export function rnnGraph({ T, B, I, H, O }: RnnSizes, path = "") {
  const x = input([T, B, I]);
  const target = input([T, B, O]);
  const U = variable(`${path}U`, [I, H], glorot());
  const W = variable(`${path}W`, [H, H], orthogonal());
  const b = variable(`${path}b`, [H]);
  const V = variable(`${path}V`, [H, O], glorot());
  const c = variable(`${path}c`, [O]);
  const { sequence, last } = rnn(x, { U, W, b });
  const y = add(matmul(sequence, V), c);
  const loss = meanSquaredError(y as F32, target as F32);
  const parameters = [U, W, b, V, c] as const;
  return { x, target, U, W, b, V, c, y, last, loss, parameters };
}

export function trainingSpec(graph: ReturnType<typeof rnnGraph>, rule: OptimizerRule = sgd({ learningRate: 0.1 }), limit = 1) {
  const gradients: Gradients = clipNorm(gradient(graph.loss, graph.parameters), limit) as unknown as Gradients;
  return {
    inputs: { x: graph.x, target: graph.target },
    outputs: { loss: graph.loss, norm: gradients.norm as Tensor<"f32", readonly []> },
    updates: rule(gradients),
    label: "training step",
  };
}

/** A fixed task that an RNN can learn: each target is the mean of the last inputs, squashed. */
export function rnnBatch({ T, B, I, O }: RnnSizes, seed = 1) {
  let state = seed;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const x = Float32Array.from({ length: T * B * I }, draw);
  const target = new Float32Array(T * B * O);
  for (let t = 0; t < T; t++)
    for (let b = 0; b < B; b++)
      for (let o = 0; o < O; o++) {
        const at = (step: number) => (step < 0 ? 0 : x[(step * B + b) * I + (o % I)]);
        target[(t * B + b) * O + o] = Math.tanh(0.6 * at(t) + 0.5 * at(t - 1) - 0.4 * at(t - 2));
      }
  return { x, target };
}

/** Device calls while `work` runs: what a run may and may not make. */
export async function countCalls(device: GPUDevice, work: () => Promise<unknown>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const restore: (() => void)[] = [];
  const watch = (target: object, name: string) => {
    const own = target as Record<string, (...args: unknown[]) => unknown>;
    const original = own[name];
    counts[name] = 0;
    own[name] = (...args) => {
      counts[name]++;
      return original.apply(target, args);
    };
    restore.push(() => {
      delete own[name];
    });
  };
  for (const name of [
    "createBuffer",
    "createBindGroup",
    "createBindGroupLayout",
    "createPipelineLayout",
    "createShaderModule",
    "createComputePipeline",
    "createComputePipelineAsync",
    "createCommandEncoder",
  ])
    watch(device, name);
  watch(device.queue, "submit");
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
  }
  return counts;
}

/** A device of the page's own, as a host would have it. */
export async function hostDevice(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("no adapter");
  return adapter.requestDevice({ label: "host" });
}

export const usable = (engine: Engine): boolean => {
  try {
    engine.assertUsable();
    return true;
  } catch {
    return false;
  }
};

/** The code of the error that `work` throws, and its message. */
export async function failure(work: () => unknown): Promise<{ code: string; message: string } | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const { code = "none", message } = error as { code?: string; message: string };
    return { code, message };
  }
}
