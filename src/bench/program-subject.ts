import { Recording } from "../gpu/recorder.ts";
import type { Tensor } from "../graph/tensor.ts";
import { compile } from "../program/compile.ts";
import type { GpuProgram } from "../program/gpu-program.ts";
import type { Program } from "../program/program.ts";
import { verify } from "../verify/program.ts";
import type { Check } from "./schema.ts";
import type { Subject } from "./subject.ts";
import { batchOf } from "./workloads.ts";

type Spec = Parameters<typeof compile>[1];

/** Programs of one subject, each with buffers and inputs of its own, that take turns. */
const SETS = 3;

/**
 * A compiled program: a layer, a model, a training step. On the GPU's clock its dispatches in one pass; on the wall clock `run` in a loop
 * that reads nothing back, with its batch uploaded each time. It is compiled several times, and the copies take turns.
 * @param spec of the copy `set`; variables that differ in name are not shared by the copies.
 */
export function programSubject(suite: string, name: string, spec: (set: number) => Spec): Subject {
  return {
    suite,
    name,
    subject: "unroll",
    async prepare({ engine, gpu }) {
      const programs: GpuProgram[] = [];
      const recordings: Recording[] = [];
      const dispose = () => {
        for (const one of [...recordings, ...programs]) one.dispose();
      };
      const batches: ReturnType<typeof batchOf>[] = [];
      try {
        for (let set = 0; set < SETS; set++) {
          const program = (await compile(engine, spec(set))) as unknown as GpuProgram;
          programs.push(program);
          batches.push(batchOf(program.spec.inputs as Readonly<Record<string, Tensor>>, set));
          recordings.push(await Recording.create(gpu, name, program.placed));
          await (program as Program).run(batches[set]); // inputs for what is encoded without uploads
        }
      } catch (error) {
        dispose();
        throw error;
      }
      const [first] = programs;
      const costs = first.plan.nodes.map(({ node }) => node.op.cost(node));
      return {
        cost: { flops: costs.reduce((sum, { flops }) => sum + flops, 0), bytes: costs.reduce((sum, { bytes }) => sum + bytes, 0) },
        dispatches: first.dispatches,
        check: () => checkProgram(first as Program, batches[0]),
        encode: (pass, turn) => recordings[turn % SETS].encode(pass),
        run: async (turn) => {
          await (programs[turn % SETS] as Program).run(batches[turn % SETS]);
        },
        finish: () => gpu.device.queue.onSubmittedWorkDone(),
        dispose,
      };
    },
  };
}

/** Every intermediate against the reference. */
async function checkProgram(program: Program, batch: ReturnType<typeof batchOf>): Promise<Check> {
  const { ok, nodes, firstWrong } = await verify(program, batch);
  const error = Math.max(0, ...nodes.map((node) => node.error / Math.max(node.bound, Number.MIN_VALUE)));
  if (!firstWrong) return { ok, against: "reference", error };
  const { op, variant, error: off, bound } = firstWrong;
  const message = `${op} (${variant}) is off by ${off}, allowed ${bound}`;
  return { ok, against: "reference", ...(Number.isFinite(error) ? { error } : {}), message };
}
