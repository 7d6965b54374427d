import { input, variable } from "../../graph/tensor.ts";
import { assign, Gradients } from "../../graph/update.ts";
import { adam, adamw } from "../../ops/update/adam.ts";
import { clipNorm, clipNormInf, clipValue } from "../../ops/update/clip.ts";
import { rmsprop } from "../../ops/update/rmsprop.ts";
import { sgd } from "../../ops/update/sgd.ts";
import { randomSource } from "../../random.ts";
import { findWorst, infinite, SMALLEST_NORMAL } from "../finding.ts";
import type { Finding, Place, Proof, ProofCase } from "../proof.ts";
import { Twins } from "./twin.ts";

/** So that the variables of each case have names of their own. */
let cases = 0;

type Clip = (gradients: Gradients) => Gradients;

const clips: Readonly<Record<string, (max: number) => Clip>> = {
  "not clipped": () => (gradients) => gradients,
  clipNorm: (max) => (gradients) => clipNorm(gradients, max),
  clipNormInf: (max) => (gradients) => clipNormInf(gradients, max),
  clipValue: (max) => (gradients) => clipValue(gradients, max),
};

/** Of the gradients. Squares of the first overflow f32 and those of the last are 0 in it. */
const MAGNITUDES = [1, 0, 3e38, 1e25, 1e-20, 1e-30];

/** What clips all of them, and what clips none. */
const LIMITS = { below: 0.1, above: 1e3 };

/** The norm of sums of ten thousand squares. */
const NORM_TOLERANCE = 2e-6;

/** From 0 a step of gradient descent at rate 1 leaves the clipped gradients in the variables. */
async function clipped({ engine }: Place, name: string, clip: Clip, magnitude: number): Promise<Finding> {
  const prefix = `verify ${cases++}`;
  const shapes = [[130], [1], [8193], [7, 3]] as const;
  const wrt = shapes.map((shape, i) => variable(`${prefix}/${i}`, shape));
  const foreign = variable(`${prefix}/foreign`, [70], ([size]) => new Float32Array(size).fill(3));
  const tensors = shapes.map((shape) => input(shape));
  const loss = input([2]);
  const gradients = clip(new Gradients(loss, wrt, tensors) as unknown as Gradients);
  const inputs = Object.fromEntries([["loss", loss], ...tensors.map((tensor, i) => [`gradient ${i}`, tensor])]);
  const spec = { inputs, outputs: { norm: gradients.norm }, updates: sgd({ learningRate: 1 })(gradients), label: prefix };
  // Another optimizer's variable between them, and buffers of one variable each.
  const twins = await Twins.create(engine, spec, [[wrt[0], foreign, wrt[1]], [wrt[3]], [wrt[2]]]);
  try {
    const random = randomSource(0, `${name} ${magnitude}`);
    // The largest lie in the second buffer, so that sums of others must be brought to its scale.
    const scales = [1e-2, 1e-3, 1e-2, 1];
    const values = tensors.map((tensor, i) =>
      Float32Array.from({ length: tensor.size }, () => scales[i] * magnitude * (2 * random.uniform() - 1)),
    );
    const batch = { loss: Float32Array.of(1, 2), ...Object.fromEntries(values.map((value, i) => [`gradient ${i}`, value])) };
    const { gpu, right, errors } = await twins.run(batch, ["norm"]);
    if (errors.some(Boolean)) return infinite(`a step of finite gradients fails: ${errors.join(" | ")}`);
    const bound = (value: number): number => NORM_TOLERANCE * Math.abs(value) + SMALLEST_NORMAL;
    return findWorst([
      { name: "norm", actual: gpu.norm, right: right.norm, bound: bound(Math.min(right.norm[0], 3e38)) },
      ...(await twins.variables(bound)),
    ]);
  } finally {
    twins.dispose();
  }
}

const clipCase = (variant: string, magnitude: number, limit: keyof typeof LIMITS): ProofCase => {
  const max = Math.min(3e38, (magnitude || 1) * LIMITS[limit]);
  return {
    variant,
    note: `gradients up to ${magnitude}, the limit ${limit}`,
    attributes: JSON.stringify({ magnitude, max }),
    run: (place) => clipped(place, `${variant} ${limit}`, clips[variant](max), magnitude),
  };
};

/** The norm over several buffers, what it scales gradients with, and the update. */
export const clipProof: Proof = {
  name: "clipping",
  kind: "update",
  variants: Object.keys(clips),
  byTraits: true,
  cases: () =>
    Object.keys(clips).flatMap((variant) =>
      MAGNITUDES.flatMap((magnitude) =>
        (variant === "not clipped" ? (["below"] as const) : (["below", "above"] as const)).map((limit) =>
          clipCase(variant, magnitude, limit),
        ),
      ),
    ),
};

const rules = {
  sgd: () => sgd({ learningRate: 0.1 }),
  "sgd with momentum": () => sgd({ learningRate: 0.1, momentum: 0.9 }),
  adam: () => adam({ learningRate: 0.1 }),
  adamw: () => adamw({ learningRate: 0.1 }),
  rmsprop: () => rmsprop({ learningRate: 0.1 }),
  "rmsprop centered, with momentum": () => rmsprop({ learningRate: 0.1, centered: true, momentum: 0.5 }),
};

/** Where something is not finite: an input of the program below, and the place in it. */
const PLACES: readonly (readonly [input: string, at: "first" | "last", value: number])[] = [
  ["loss", "first", Number.NaN],
  ["loss", "last", Number.POSITIVE_INFINITY],
  ["ga", "first", Number.NEGATIVE_INFINITY],
  ["gc", "last", Number.NaN],
  ["gd", "last", Number.POSITIVE_INFINITY],
];

const STEP_TOLERANCE = 1e-5;

/**
 * A run with something that is not finite, between good ones: two optimizers and a carried state, none of which may change, an error
 * that names program and run, and after the flag is cleared the values as if the bad runs had never been.
 */
async function flagged({ engine }: Place, rule: keyof typeof rules, [where, at, value]: (typeof PLACES)[number]): Promise<Finding> {
  const prefix = `verify ${cases++}`;
  const make = <const S extends readonly number[]>(name: string, shape: S) =>
    variable(`${prefix}/${name}`, shape, (size, random) =>
      Float32Array.from({ length: size.reduce((x, y) => x * y, 1) }, () => random.normal()),
    );
  const [a, c, d, state] = [make("a", [67]), make("c", [9, 40]), make("d", [5]), make("state", [3, 4])];
  const inputs = { loss: input([3]), ga: input([67]), gc: input([9, 40]), gd: input([5]), next: input([3, 4]) };
  const first = clipNorm(new Gradients(inputs.loss, [a, c], [inputs.ga, inputs.gc]), 5);
  const second = new Gradients(inputs.loss, [d], [inputs.gd]);
  const updates = [assign(state, inputs.next), rules[rule]()(first as unknown as Gradients), rules.adam()(second as unknown as Gradients)];
  const spec = { inputs, outputs: { norm: first.norm }, updates, label: prefix };
  const twins = await Twins.create(engine, spec, [[a], [c, d, state]]);
  const random = randomSource(0, `${rule} ${where} ${at}`);
  const good = (): Record<string, Float32Array> =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, { size }]) => [name, Float32Array.from({ length: size }, () => random.normal())]),
    );
  try {
    const before = await twins.run(good(), ["norm"]);
    const kept = await twins.bits();
    const bad = good();
    bad[where][at === "first" ? 0 : bad[where].length - 1] = value;
    const refused = await twins.run(bad, ["norm"]);
    const later = await twins.run(good(), ["norm"]);
    const now = await twins.bits();
    const changed = Object.keys(kept).filter((name) => kept[name] !== now[name]);
    twins.engine.clearNonFinite();
    twins.references.clearNonFinite();
    const after = await twins.run(good(), ["norm"]);
    const problem =
      (before.errors[0] && `a good run fails: ${before.errors[0]}`) ||
      (changed.length > 0 && `${value} in ${where} changes ${changed.join(", ")}`) ||
      (refused.errors[0] !== refused.errors[1] &&
        `${value} in ${where}: the GPU says "${refused.errors[0]}", not "${refused.errors[1]}"`) ||
      (!refused.errors[0].includes(`run 2 of program "${prefix}"`) && `the error names no program and run: "${refused.errors[0]}"`) ||
      (later.errors[0] !== refused.errors[0] && `the next run is not refused: "${later.errors[0]}"`) ||
      (after.errors[0] && `a run after the flag was cleared fails: ${after.errors[0]}`) ||
      undefined;
    if (problem) return infinite(problem);
    const bound = (right: number): number => STEP_TOLERANCE * Math.max(1, Math.abs(right));
    return findWorst([
      { name: "norm", actual: after.gpu.norm, right: after.right.norm, bound: bound(after.right.norm[0]) },
      ...(await twins.variables(bound)),
    ]);
  } finally {
    twins.engine.clearNonFinite();
    twins.dispose();
  }
}

/** The sticky flag, with each optimizer. */
export const flagProof: Proof = {
  name: "non-finite flag",
  kind: "update",
  variants: Object.keys(rules),
  byTraits: true,
  cases: () =>
    (Object.keys(rules) as (keyof typeof rules)[]).flatMap((rule) =>
      PLACES.map((place) => ({
        variant: rule,
        note: `${place[2]} in ${place[0]}, ${place[1]}`,
        attributes: JSON.stringify({ place: `${place[0]} ${place[1]}`, value: String(place[2]) }),
        run: (where) => flagged(where, rule, place),
      })),
    ),
};
