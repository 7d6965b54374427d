import { Recording } from "../gpu/recorder.ts";
import type { Tensor } from "../graph/tensor.ts";
import { compile } from "../program/compile.ts";
import type { GpuProgram } from "../program/gpu-program.ts";
import type { Program } from "../program/program.ts";
import { verify } from "../verify/program.ts";
import type { Subject } from "./subject.ts";
import { batchOf } from "./workloads.ts";

type Spec = Parameters<typeof compile>[1];

/**
 * A compiled program: a layer, a model, a training step. On the GPU's clock its dispatches in one pass; on the wall clock `run` in a loop
 * that reads nothing back, with its batch uploaded each time.
 */
export function programSubject(suite: string, name: string, spec: () => Spec): Subject {
  return {
    suite,
    name,
    subject: "unroll",
    async prepare({ engine, gpu }) {
      const program = (await compile(engine, spec())) as unknown as GpuProgram;
      const runnable = program as Program;
      const inputs = program.spec.inputs as Readonly<Record<string, Tensor>>;
      const batches = [0, 1, 2, 3].map((seed) => batchOf(inputs, seed));
      const recording = await Recording.create(gpu, name, program.placed);
      const costs = program.plan.nodes.map(({ node }) => node.op.cost(node));
      await runnable.run(batches[0]); // inputs for what is encoded without uploads
      return {
        cost: { flops: costs.reduce((sum, { flops }) => sum + flops, 0), bytes: costs.reduce((sum, { bytes }) => sum + bytes, 0) },
        dispatches: program.dispatches,
        async check() {
          const { ok, nodes, firstWrong } = await verify(runnable, batches[0]);
          const error = Math.max(0, ...nodes.map((node) => node.error / Math.max(node.bound, Number.MIN_VALUE)));
          if (ok) return { ok, against: "reference", error };
          const { op, variant, error: off, bound } = firstWrong as NonNullable<typeof firstWrong>;
          return { ok, against: "reference", error, message: `${op} (${variant}) is off by ${off}, allowed ${bound}` };
        },
        encode: (pass) => recording.encode(pass),
        run: async (turn) => {
          await runnable.run(batches[turn % batches.length]);
        },
        finish: () => gpu.device.queue.onSubmittedWorkDone(),
        dispose() {
          recording.dispose();
          program.dispose();
        },
      };
    },
  };
}
