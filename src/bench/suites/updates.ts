import { Recording } from "../../gpu/recorder.ts";
import { type F32, input, variable } from "../../graph/tensor.ts";
import type { Update } from "../../graph/update.ts";
import { mul } from "../../ops/pointwise/arithmetic.ts";
import { sum } from "../../ops/reduce/sums.ts";
import { adam } from "../../ops/update/adam.ts";
import { clipNorm } from "../../ops/update/clip.ts";
import { rmsprop } from "../../ops/update/rmsprop.ts";
import { sgd } from "../../ops/update/sgd.ts";
import { compile } from "../../program/compile.ts";
import { Engine } from "../../program/engine.ts";
import type { GpuProgram } from "../../program/gpu-program.ts";
import { gradient } from "../../program/gradient.ts";
import type { Program } from "../../program/program.ts";
import type { Check } from "../schema.ts";
import type { Subject } from "../subject.ts";
import { batchOf, scaled } from "../workloads.ts";

const SIDE = 1024;
const TOLERANCE = 1e-5;

type Rule = (gradients: ReturnType<typeof gradient>) => Update;

interface UpdateCase {
  readonly name: string;
  readonly rule: Rule;
  /** Words read and written for each parameter: itself, its gradient, the optimizer's state. */
  readonly words: number;
}

const cases: readonly UpdateCase[] = [
  { name: "SGD", rule: (gradients) => sgd({ learningRate: 1e-4 })(gradients), words: 3 },
  { name: "SGD with momentum", rule: (gradients) => sgd({ learningRate: 1e-4, momentum: 0.9 })(gradients), words: 5 },
  { name: "Adam", rule: (gradients) => adam({ learningRate: 1e-4 })(gradients), words: 7 },
  { name: "RMSprop", rule: (gradients) => rmsprop({ learningRate: 1e-4 })(gradients), words: 5 },
  { name: "clipping by norm and SGD", rule: (gradients) => sgd({ learningRate: 1e-4 })(clipNorm(gradients, 1)), words: 4 },
];

/** @param use keeps the optimizer's state of the check from that of the timing. */
function specOf({ name, rule }: UpdateCase, use: "timed" | "checked") {
  const W = variable(`bench/${name}/${use}/W`, [SIDE, SIDE], scaled);
  const x = input([SIDE, SIDE]);
  const loss = sum(mul(W, x)); // whose gradient is x
  return { W, spec: { inputs: { x }, outputs: { loss }, updates: rule(gradient(loss, [W])) } };
}

/** Optimizers with the norm and the flag of what is not finite: the dispatches of a training step behind its last gradient. */
export const updateSubjects = (quick: boolean): Subject[] =>
  (quick ? [] : cases).map(
    (one): Subject => ({
      suite: "kernels",
      name: `${one.name}, ${SIDE}² parameters`,
      subject: "unroll",
      async prepare({ engine, gpu }) {
        const { W, spec } = specOf(one, "timed");
        const program = (await compile(engine, spec)) as unknown as GpuProgram;
        const batch = batchOf(program.spec.inputs as never);
        const before = program.plan.nodes.reduce((count, { lowering }) => count + lowering.dispatches.length, 0);
        const dispatches = program.placed.slice(before);
        const recording = await Recording.create(gpu, one.name, dispatches);
        await (program as Program).run(batch); // fills the gradient
        return {
          cost: { bytes: 4 * one.words * SIDE * SIDE },
          dispatches: dispatches.length,
          check: () => checkUpdate(engine, one, W),
          encode: (pass) => recording.encode(pass),
          dispose() {
            recording.dispose();
            program.dispose();
          },
        };
      },
    }),
  );

/** Two steps, here and on the references, from the same values. */
async function checkUpdate(engine: Engine, one: UpdateCase, W: F32): Promise<Check> {
  const reference = await Engine.create({ reference: true });
  const start = Float32Array.from({ length: W.size }, (_, i) => Math.sin(i));
  const results: Float32Array[] = [];
  try {
    for (const each of [engine, reference]) {
      const { W: own, spec } = specOf(one, "checked");
      const program = (await compile(each, spec)) as unknown as Program;
      each.write(own, start);
      for (let step = 0; step < 2; step++) await program.run(batchOf(spec.inputs, step));
      results.push((await each.read(own)) as Float32Array);
      program.dispose();
    }
  } finally {
    reference.dispose();
  }
  const [given, expected] = results;
  // of the change, which is small beside the parameters
  const change = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - start[i])), 0);
  let worst = { ratio: 0, index: 0 };
  expected.forEach((value, i) => {
    const allowed = TOLERANCE * change + 2 ** -22 * Math.abs(value);
    const off = Math.abs(given[i] - value);
    const ratio = Number.isNaN(off) ? Number.POSITIVE_INFINITY : off / allowed;
    if (ratio > worst.ratio) worst = { ratio, index: i };
  });
  if (worst.ratio <= 1) return { ok: true, against: "reference", error: worst.ratio };
  const message = `W[${worst.index}] is ${given[worst.index]} after two steps, instead of ${expected[worst.index]}`;
  return { ok: false, against: "reference", message };
}
