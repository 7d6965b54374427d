import { traitsOf } from "../../gpu/device.ts";
import { compactWgsl, withoutUnusedFunctions } from "../../graph/compact.ts";
import { input, variable } from "../../graph/tensor.ts";
import { assign } from "../../graph/update.ts";
import { softmaxCrossEntropy } from "../../ops/loss/classification.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { add } from "../../ops/pointwise/arithmetic.ts";
import { randomNormal, randomUniform } from "../../ops/random/draw.ts";
import { dropout } from "../../ops/random/dropout.ts";
import { rnn } from "../../ops/rnn/rnn.ts";
import { adam } from "../../ops/update/adam.ts";
import { clipNorm } from "../../ops/update/clip.ts";
import { compile } from "../../program/compile.ts";
import { Engine } from "../../program/engine.ts";
import { DrawingBoard } from "../../program/exported/board.ts";
import { EXPORT_TRAITS } from "../../program/exported/export.ts";
import { exportProgram } from "../../program/exported/export-program.ts";
import type { DeviceKind } from "../../program/exported/format.ts";
import { loadProgram } from "../../program/exported/load-program.ts";
import type { GpuRunner } from "../../program/gpu-runner.ts";
import { gradient } from "../../program/gradient.ts";
import { save } from "../../program/save-load.ts";
import { randomSource } from "../../random.ts";
import { findWorst, infinite, type Pair } from "../finding.ts";
import type { Finding, Place, Proof } from "../proof.ts";
import { Twins } from "./twin.ts";

/** So that the variables of each case have names of their own. */
let cases = 0;

const drawn = (scale: number) => (size: readonly number[], random: { normal(): number }) =>
  Float32Array.from({ length: size.reduce((x, y) => x * y, 1) }, () => scale * random.normal());

const normals = (seed: string, length: number): Float32Array => {
  const random = randomSource(0, seed);
  return Float32Array.from({ length }, () => random.normal());
};

const TOLERANCE = 1e-5;

/** A recurrent network that takes one step of time a run and carries its state in a variable, as `trainer.stream` makes it. */
async function stream({ engine }: Place): Promise<Finding> {
  const [batch, features, hidden] = [3, 5, 20];
  const prefix = `verify stream ${cases++}`;
  const x = input([1, batch, features]);
  const U = variable(`${prefix}/U`, [features, hidden], drawn(0.5));
  const W = variable(`${prefix}/W`, [hidden, hidden], drawn(0.2));
  const state = variable(`${prefix}/state`, [batch, hidden], drawn(0.5));
  const { sequence, last } = rnn(x, { U, W, h0: state });
  const spec = { inputs: { x }, outputs: { sequence }, updates: assign(state, last), label: prefix };
  const twins = await Twins.create(engine, spec, [[U, W], [state]]);
  try {
    const pairs: Pair[] = [];
    for (let step = 0; step < 5; step++) {
      const { gpu, right, errors } = await twins.run({ x: normals(`stream ${step}`, x.size) }, ["sequence"]);
      if (errors.some(Boolean)) return infinite(`step ${step} fails: ${errors.join(" | ")}`);
      pairs.push({ name: `step ${step}`, actual: gpu.sequence, right: right.sequence, bound: TOLERANCE });
    }
    return findWorst([...pairs, ...(await twins.variables(() => TOLERANCE))]);
  } finally {
    twins.dispose();
  }
}

/** Numbers that a program draws anew in each run, from a counter. */
async function draws({ engine }: Place): Promise<Finding> {
  const x = input([7, 33]);
  const outputs = {
    uniform: randomUniform([5, 9], { seed: 3 }),
    normal: randomNormal([130], { seed: 4 }),
    dropped: dropout(x, { rate: 0.4, seed: 5 }),
  };
  const twins = await Twins.create(engine, { inputs: { x }, outputs, label: `verify draws ${cases++}` }, []);
  try {
    const pairs: Pair[] = [];
    const seen = new Set<string>();
    for (let run = 0; run < 3; run++) {
      const { gpu, right, errors } = await twins.run({ x: normals("draws", x.size) }, Object.keys(outputs));
      if (errors.some(Boolean)) return infinite(`run ${run} fails: ${errors.join(" | ")}`);
      for (const name of Object.keys(outputs))
        pairs.push({ name: `${name} of run ${run}`, actual: gpu[name], right: right[name], bound: TOLERANCE });
      seen.add(Array.from(gpu.uniform).join());
    }
    return findWorst(pairs, seen.size === 3 ? undefined : "two runs draw the same numbers");
  } finally {
    twins.dispose();
  }
}

/** What programs carry from run to run: states, and the counter of random numbers. */
export const carryProof: Proof = {
  name: "carried state",
  kind: "program",
  variants: ["stream", "draws"],
  byTraits: true,
  cases: () => [
    { variant: "stream", run: stream },
    { variant: "draws", run: draws },
  ],
};

/** A training step with an embedding, a walk, dropout, a loss, clipping and an optimizer. */
function trainingSpec() {
  const [steps, batch, vocabulary, hidden] = [6, 4, 11, 12];
  const tokens = input([steps, batch], "u32");
  const next = input([steps, batch], "u32");
  const U = variable("U", [vocabulary, hidden], drawn(0.5));
  const W = variable("W", [hidden, hidden], drawn(0.3));
  const b = variable("b", [hidden]);
  const V = variable("V", [hidden, vocabulary], drawn(0.3));
  const c = variable("c", [vocabulary]);
  const { sequence } = rnn(tokens, { U, W, b });
  const loss = softmaxCrossEntropy(add(matmul(dropout(sequence, { rate: 0.2, seed: 1 }), V), c), next);
  const updates = adam({ learningRate: 0.05 })(clipNorm(gradient(loss, [U, W, b, V, c]), 0.5));
  return { inputs: { tokens, next }, outputs: { loss }, updates, label: "verify exported" };
}

/** A program from a file makes the dispatches of the program that is compiled here, and the same bits. */
async function exported({ gpu }: Place, kind: DeviceKind): Promise<Finding> {
  const traits = traitsOf(new DrawingBoard().device, EXPORT_TRAITS[kind]);
  const file: object = JSON.parse(JSON.stringify(await exportProgram({ ...trainingSpec(), devices: [kind] })));
  const engines = [
    await Engine.create({ device: gpu.device, traits, selfTest: false }),
    await Engine.create({ device: gpu.device, traits, selfTest: false }),
  ];
  try {
    const compiled = (await compile(engines[0], trainingSpec())) as unknown as GpuRunner;
    const loaded = (await loadProgram(engines[1], file)) as unknown as GpuRunner;
    const told = [compiled, loaded].map(({ placed }) =>
      placed.map(({ kernel, locations, params, workgroups }) =>
        JSON.stringify([kernel.name, asExported(kernel.wgsl), locations.map(({ bytes }) => bytes), { ...params, program: 0 }, workgroups]),
      ),
    );
    if (told[0].length !== told[1].length) return infinite(`${told[1].length} dispatches instead of ${told[0].length}`);
    const other = told[0].findIndex((one, i) => one !== told[1][i]);
    if (other >= 0) return infinite(`dispatch ${other} (${compiled.placed[other].kernel.name}) is another one`);
    const random = randomSource(0, "exported");
    const token = () => Uint32Array.from({ length: 24 }, () => Math.floor(11 * random.uniform()));
    const pairs: Pair[] = [];
    for (let step = 0; step < 3; step++) {
      const batch = { tokens: token(), next: token() };
      const [right, actual] = [await compiled.run(batch, { read: ["loss"] }), await loaded.run(batch, { read: ["loss"] })] as Record<
        string,
        Float32Array
      >[];
      pairs.push({ name: `loss of step ${step}`, actual: actual.loss, right: right.loss, bound: 0 });
    }
    const [right, actual] = [await save(engines[0]), await save(engines[1])];
    for (const name of Object.keys(right))
      pairs.push({ name, actual: Array.from(actual[name]?.data ?? []), right: Array.from(right[name].data), bound: 0 });
    return findWorst(pairs);
  } finally {
    for (const engine of engines) engine.dispose();
  }
}

/** What an export makes of a shader; of what it made already, the same. */
const asExported = (wgsl: string): string => compactWgsl(withoutUnusedFunctions(compactWgsl(wgsl))).trim();

const DEVICES = Object.keys(EXPORT_TRAITS) as DeviceKind[];

export const exportedProof: Proof = {
  name: "exported programs",
  kind: "program",
  variants: DEVICES,
  byTraits: false,
  missing: ({ traits }): Record<string, string> =>
    (traits.subgroups?.min ?? 0) >= (EXPORT_TRAITS.software.subgroups?.min ?? 0)
      ? {}
      : { software: "plans for software adapters count on subgroups, which this device does not give" },
  cases: () => DEVICES.map((kind) => ({ variant: kind, run: (place) => exported(place, kind) })),
};
