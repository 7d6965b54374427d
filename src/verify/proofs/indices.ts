import { input, variable } from "../../graph/tensor.ts";
import type { HostArray } from "../../graph/types.ts";
import { gather } from "../../ops/gather/gather.ts";
import { nllLoss } from "../../ops/loss/classification.ts";
import { add, mul } from "../../ops/pointwise/arithmetic.ts";
import { sumOfSquares } from "../../ops/reduce/index.ts";
import { sgd } from "../../ops/update/sgd.ts";
import { gradient } from "../../program/gradient.ts";
import { findWorst, infinite } from "../finding.ts";
import type { Finding, Place, Proof } from "../proof.ts";
import { Twins } from "./twin.ts";

/** So that the variables of each case have names of their own. */
let cases = 0;

/** Indices in each case: more than two workgroups of 64, the last one not full. */
const COUNT = 130;
const ROWS = 7;
const TOLERANCE = 1e-5;

/** Where the wrong index lies, and what it is. */
const WRONG = [
  [0, ROWS],
  [65, 2 ** 31 - 1],
  [COUNT - 1, ROWS],
] as const;

const rising = ([rows, columns]: readonly number[]): Float32Array => Float32Array.from({ length: rows * columns }, (_, i) => (i % 11) - 5);

/** A training step that selects by indices which the GPU computes, so that no check of the call sees them. */
function gathering(prefix: string) {
  const table = variable(`${prefix}/table`, [ROWS, 5], rising);
  const inputs = { indices: input([COUNT], "u32"), offsets: input([COUNT], "u32") };
  const loss = sumOfSquares(gather(table, add(inputs.indices, inputs.offsets) as never));
  const good = { indices: Uint32Array.from({ length: COUNT }, (_, i) => i % ROWS), offsets: new Uint32Array(COUNT) };
  return { table, inputs, loss, good: good as Record<string, HostArray>, add: "offsets" };
}

/** The same with labels of a loss, of which a mask that the GPU computes leaves out every third. */
function labelling(prefix: string) {
  const table = variable(`${prefix}/table`, [COUNT, ROWS], rising);
  const inputs = { labels: input([COUNT], "i32"), offsets: input([COUNT], "i32"), mask: input([COUNT]) };
  const mask = mul(inputs.mask, inputs.mask);
  const loss = nllLoss(table, add(inputs.labels, inputs.offsets) as never, { mask: mask as never });
  const good = {
    // Labels that are left out may be anything.
    labels: Int32Array.from({ length: COUNT }, (_, i) => (i % 3 === 1 ? 1000 + i : i % ROWS)),
    offsets: new Int32Array(COUNT),
    mask: Float32Array.from({ length: COUNT }, (_, i) => (i % 3 === 1 ? 0 : 1)),
  };
  return { table, inputs, loss, good: good as Record<string, HostArray>, add: "offsets" };
}

const programs = { computed: gathering, masked: labelling };

/** A step with a wrong index between good ones: it must change nothing, name the index, and stop what comes until the flag is cleared. */
async function checked({ engine }: Place, variant: keyof typeof programs, [place, value]: (typeof WRONG)[number]): Promise<Finding> {
  const prefix = `verify indices ${cases++}`;
  const { table, inputs, loss, good, add: offsets } = programs[variant](prefix);
  const updates = sgd({ learningRate: 0.01 })(gradient(loss, [table]));
  const twins = await Twins.create(engine, { inputs, outputs: { loss }, updates, label: prefix }, [[table]]);
  try {
    const before = await twins.run(good, ["loss"]);
    const kept = await twins.bits();
    const bad = { ...good, [offsets]: good[offsets].slice() };
    const name = Object.keys(good)[0];
    bad[offsets][place] = value - Number(good[name][place]);
    const refused = await twins.run(bad, ["loss"]);
    const later = await twins.run(good, ["loss"]);
    const now = await twins.bits();
    const changed = Object.keys(kept).filter((one) => kept[one] !== now[one]);
    twins.engine.clearNonFinite();
    twins.references.clearNonFinite();
    const after = await twins.run(good, ["loss"]);
    const problem =
      (before.errors[0] && `a good step fails: ${before.errors[0]}`) ||
      (!refused.errors[1] && "the references accept the index") ||
      (refused.errors[0] !== refused.errors[1] && `the GPU says "${refused.errors[0]}", not "${refused.errors[1]}"`) ||
      (!later.errors[0] && "the next step is not refused") ||
      (changed.length > 0 && `it changes ${changed.join(", ")}`) ||
      (after.errors[0] && `a step after the flag was cleared fails: ${after.errors[0]}`) ||
      undefined;
    if (problem) return infinite(`${value} at ${place}: ${problem}`);
    const bound = (right: number): number => TOLERANCE * Math.max(1, Math.abs(right));
    return findWorst([
      { name: "loss", actual: after.gpu.loss, right: after.right.loss, bound: bound(after.right.loss[0]) },
      ...(await twins.variables(bound)),
    ]);
  } finally {
    twins.engine.clearNonFinite();
    twins.dispose();
  }
}

/** Indices out of range that no check of the call can see. */
export const indexProof: Proof = {
  name: "indices out of range",
  kind: "program",
  variants: Object.keys(programs),
  byTraits: true,
  cases: () =>
    (Object.keys(programs) as (keyof typeof programs)[]).flatMap((variant) =>
      WRONG.map((wrong) => ({
        variant,
        note: `${wrong[1]} at ${wrong[0]}`,
        attributes: JSON.stringify({ place: wrong[0], value: wrong[1] }),
        run: (where) => checked(where, variant, wrong),
      })),
    ),
};
