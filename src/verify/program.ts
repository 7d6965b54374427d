import { check, describe } from "../errors.ts";
import type { Node, Tensor } from "../graph/tensor.ts";
import { formatType, sizeOf } from "../graph/types.ts";
import type { Engine } from "../program/engine.ts";
import { evaluateNode } from "../program/evaluate.ts";
import { GpuProgram } from "../program/gpu-program.ts";
import { type GpuParts, gpuPartsOf } from "../program/parts.ts";
import { keepAll } from "../program/plan/plan.ts";
import type { Program } from "../program/program.ts";
import type { Batch, Tensors } from "../program/spec.ts";

export interface NodeCheck {
  readonly op: string;
  readonly variant: string;
  readonly inputs: readonly string[];
  readonly output: string;
  /** The largest |GPU − reference|, and the bound at the element where it is largest in proportion to its bound. */
  readonly error: number;
  readonly bound: number;
  readonly ok: boolean;
}

export interface ProgramCheck {
  readonly ok: boolean;
  /** Every intermediate, in order. */
  readonly nodes: readonly NodeCheck[];
  /** The first that disagrees with the reference. */
  readonly firstWrong: NodeCheck | undefined;
}

/**
 * Runs a program once and compares every intermediate with the reference, each computed from the GPU's own inputs of that op, so that
 * the first op that disagrees is the one that is wrong. Changes no variable and does not count as a run.
 * @throws UnrollError `argument` for a program on the CPU references.
 */
export async function verify<I extends Tensors, O extends Tensors>(program: Program<I, O>, batch: Batch<I>): Promise<ProgramCheck> {
  const own = program as unknown as Program;
  check(typeof own?.run === "function", "argument", () => `verify: give a program, made by compile(…), not ${describe(own)}`);
  check(own instanceof GpuProgram, "argument", () =>
    own.engine?.isReference
      ? "verify: this program runs on the CPU references; there is nothing to compare"
      : "verify: this program was exported, which leaves its graph behind; verify it where it is compiled",
  );
  const { nodes, leaves } = own.plan;
  const tensors: Record<string, Tensor> = {};
  const names = new Map<Tensor, string>();
  const keep = (tensor: Tensor, name: string) => {
    if (names.has(tensor)) return;
    names.set(tensor, name);
    tensors[name] = tensor;
  };
  nodes.forEach(({ node }, i) => {
    node.outputs.forEach((output, k) => {
      keep(output, `node ${i}.${k}`);
    });
  });
  let leaf = 0;
  for (const tensor of leaves) if (tensor.source.kind !== "norm") keep(tensor, `leaf ${leaf++}`);
  const inputs = Object.fromEntries(Object.entries(own.spec.inputs).filter(([, tensor]) => leaves.has(tensor)));
  const given = batch as Readonly<Record<string, never>>;
  const values = await observe(own.engine, own, tensors, inputs, given);
  const valueOf = (tensor: Tensor): Float64Array => values[names.get(own.plan.valueOf(tensor)) as string];
  const checks = nodes.flatMap(({ node, variant }) => checkNode(node, variant, valueOf));
  const firstWrong = checks.find(({ ok }) => !ok);
  return { ok: firstWrong === undefined, nodes: checks, firstWrong };
}

async function observe(
  engine: Engine,
  program: GpuProgram,
  tensors: Record<string, Tensor>,
  inputs: Tensors,
  batch: Readonly<Record<string, never>>,
): Promise<Record<string, Float64Array>> {
  // The same nodes and variants, but every value keeps memory of its own and is an output.
  const plan = keepAll(program.plan, (gpuPartsOf(engine) as GpuParts).gpu.traits);
  const spec = { inputs, outputs: tensors, updates: [] };
  const observer = await GpuProgram.planned(engine, `${program.label} (observed)`, -1, spec, plan);
  try {
    observer.counter = program.counter;
    const results = await observer.run(batch, { read: Object.keys(tensors) });
    return Object.fromEntries(
      Object.entries(results as Record<string, ArrayLike<number>>).map(([name, data]) => [name, Float64Array.from(data)]),
    );
  } finally {
    observer.dispose();
  }
}

function checkNode(node: Node, variant: string, valueOf: (tensor: Tensor) => Float64Array): NodeCheck[] {
  const inputs = node.inputs.map(valueOf);
  const expected = evaluateNode(node, inputs);
  const bounds = node.op.error(node, inputs, expected);
  return node.outputs.map((output, k) => {
    const actual = valueOf(output);
    const bound = bounds[k];
    let worst = { error: 0, bound: typeof bound === "number" ? bound : (bound[0] ?? 0), ratio: -1 };
    for (let i = 0; i < sizeOf(output.shape); i++) {
      const allowed = typeof bound === "number" ? bound : bound[i];
      const same = Object.is(actual[i], expected[k][i]) || actual[i] === Math.fround(expected[k][i]);
      const error = same ? 0 : Math.abs(actual[i] - expected[k][i]);
      // NaN where the reference has a number counts as infinitely wrong.
      const ratio = error === 0 ? 0 : Number.isNaN(error) ? Number.POSITIVE_INFINITY : error / Math.max(allowed, Number.MIN_VALUE);
      if (ratio > worst.ratio) worst = { error, bound: allowed, ratio };
    }
    return {
      op: node.op.name,
      variant,
      inputs: node.inputs.map(formatType),
      output: formatType(output),
      error: worst.error,
      bound: worst.bound,
      ok: worst.ratio <= 1,
    };
  });
}
