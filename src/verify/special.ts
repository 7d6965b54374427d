import type { Call, Op } from "../graph/op.ts";
import type { RandomSource } from "../graph/tensor.ts";
import { formatType, sizeOf } from "../graph/types.ts";
import { randomSource } from "../random.ts";
import { type Job, jobsOf, type Target } from "./jobs.ts";
import { describeCall, type Prepared, toHost } from "./prepare.ts";
import { runLowering, type Transform } from "./runner.ts";
import type { OpSamples } from "./sample.ts";
import { type Allowed, allowedAt, F32_MAX, wrongAt } from "./special-values.ts";

/** The values that arithmetic treats in a way of their own. */
export const SPECIAL_VALUES: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  "+∞": Number.POSITIVE_INFINITY,
  "−∞": Number.NEGATIVE_INFINITY,
  "−0": -0,
  subnormal: 1e-40,
  largest: F32_MAX,
  "−largest": -F32_MAX,
};

const NAMES = Object.keys(SPECIAL_VALUES);

export interface SpecialOptions {
  /** Which part of the cases is run, from 0 to 1. Each variant of each op runs with a NaN at least once. Default: all of them. */
  readonly share?: number;
  /** Samples of more multiply-adds are left out. Default: 2e8. */
  readonly upTo?: number;
  /** Draws that part. */
  readonly seed?: number;
  readonly gradients?: boolean;
  /** Plants a fault in the WGSL. */
  readonly transform?: Transform;
  readonly stopAtFailure?: boolean;
}

export interface SpecialReport {
  readonly cases: number;
  readonly failures: readonly string[];
  /** Of each op with samples, the variants that ran with a NaN; and all that it has. */
  readonly reached: Readonly<Record<string, readonly string[]>>;
  readonly unreached: readonly string[];
}

/** One input of a call, changed. */
interface Poison {
  readonly name: string;
  readonly inputs: readonly Float64Array[];
}

/** Multiply-adds up to which a call is tried with all values; a larger one with fewer, and one beyond the last with none. */
const ALL_UP_TO = 2e6;
const UP_TO = 2e8;

/**
 * Runs calls of ops with NaN, infinities, −0, a subnormal and the largest numbers in their inputs: in one place of one input at a time,
 * and several of them at once. Every variant of every sample, and every node of the gradients' graphs, is taken from the samples that
 * prove ops with ordinary numbers. What is expected is the reference rounded to f32, see {@link allowedAt}.
 */
export async function verifySpecial(
  targets: readonly Target[],
  list: readonly OpSamples[],
  options: SpecialOptions = {},
): Promise<SpecialReport> {
  const { share = 1, upTo = UP_TO, seed = 0, gradients = true, transform, stopAtFailure = false } = options;
  const failures: string[] = [];
  const reached: Record<string, Set<string>> = {};
  let cases = 0;
  const progress = { listed: new Set(list.map(({ op }) => op.name)), seen: new Set<string>() };
  const first = new Set<string>();
  const queue = (function* () {
    for (const entry of list)
      for (const job of jobsOf(affordable(entry, upTo), targets, gradients, progress)) {
        const { op } = job.prepared;
        if (!job.lowering || job.prepared.expected.kind !== "whole") continue;
        const random = randomSource(seed, `${job.op} ${job.face} ${op.name} ${job.variant.name} ${cases++}`);
        for (const [name, make] of poisons(job.prepared, random)) {
          const key = `${op.name} ${job.variant.name} ${job.target.name}`;
          const isFirst = name.includes("NaN") && !first.has(key);
          if (!isFirst && share < 1 && random.uniform() >= share) continue;
          if (isFirst) first.add(key);
          reached[op.name] ??= new Set();
          if (name.includes("NaN")) reached[op.name].add(job.variant.name);
          yield { job, poison: { name, inputs: make() } };
        }
      }
  })();
  let ran = 0;
  const worker = async () => {
    for (const { job, poison } of queue) {
      if (stopAtFailure && failures.length > 0) return;
      const problem = await runSpecial(job, poison, transform);
      ran++;
      if (problem) failures.push(problem);
    }
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  const unreached = list.flatMap(({ op }) =>
    op.kernels
      .map(({ name }) => name)
      .filter((name) => !reached[op.name]?.has(name))
      .map((name) => `${op.name} ${name}`),
  );
  return { cases: ran, failures, reached: Object.fromEntries(Object.entries(reached).map(([op, names]) => [op, [...names]])), unreached };
}

const affordable = (entry: OpSamples, upTo: number): OpSamples => ({
  ...entry,
  samples: (random) =>
    entry.samples(random).filter(({ inputs, attributes }) => {
      const types = inputs.map(({ shape, dtype = "f32" }) => ({ shape, dtype }));
      return entry.op.cost({ inputs: types, outputs: entry.op.shape(types, attributes), attributes }).flops <= upTo;
    }),
});

/** Ways to change the inputs of a call, each with its name. */
function poisons({ op, call, inputs }: Prepared, random: RandomSource): [string, () => readonly Float64Array[]][] {
  const floats = inputs.flatMap((values, i) => (call.inputs[i].dtype === "f32" && values.length > 0 ? [i] : []));
  if (floats.length === 0) return [];
  const result: [string, () => readonly Float64Array[]][] = [];
  const place = (length: number): number => {
    const draw = random.uniform();
    return draw < 0.2 ? 0 : draw < 0.4 ? length - 1 : Math.floor(random.uniform() * length);
  };
  for (const i of floats)
    for (const name of NAMES) {
      const at = place(inputs[i].length);
      result.push([
        `${name} in input ${i} at ${at}`,
        () => inputs.map((values, k) => (k === i ? values.with(at, SPECIAL_VALUES[name]) : values)),
      ]);
    }
  // Ops of a few elements each get many at once, all others a few.
  const size = sizeOf(call.outputs[0].shape);
  const many = op.cost(call).flops <= 32 * size;
  const seed = Math.floor(random.uniform() * 2 ** 24);
  result.push([
    "all values, NaN among them, at several places",
    () => {
      const draw = randomSource(seed, "places");
      const copies = inputs.map((values) => values.slice());
      for (const i of floats) {
        const count = many ? Math.ceil(copies[i].length / 3) : 1 + Math.floor(3 * draw.uniform());
        for (let n = 0; n < count; n++)
          copies[i][Math.floor(draw.uniform() * copies[i].length)] = SPECIAL_VALUES[NAMES[Math.floor(draw.uniform() * NAMES.length)]];
      }
      return copies;
    },
  ]);
  const { flops } = op.cost(call);
  const keep = Math.max(1, Math.min(result.length, Math.round((result.length * ALL_UP_TO) / Math.max(flops, 1))));
  return keep >= result.length ? result : result.filter((_, i) => i % Math.ceil(result.length / keep) === 0);
}

async function runSpecial({ prepared, lowering, target, variant, inPlace, op }: Job, poison: Poison, transform?: Transform) {
  const { call } = prepared;
  const where = `${op === prepared.op.name ? "" : `${op} → `}${describeCall(prepared)} ${describe(call.attributes)} [${variant.name}${inPlace === undefined ? "" : ` in place of ${inPlace}`}, ${target.name}] with ${poison.name}`;
  try {
    const allowed = allowedFor(prepared.op, call, poison.inputs);
    const host = poison.inputs.map((values, i) => toHost(call.inputs[i].dtype, values));
    const result = await runLowering(target.gpu, call, lowering as NonNullable<typeof lowering>, host, inPlace, transform);
    if (result.outputs.length === 0) return `${where}: ${result.problem}`;
    const extent = {
      huge: poison.inputs.some((values) => values.some((x) => Math.abs(x) > 1e18 && Number.isFinite(x))),
      infinite: poison.inputs.some((values) => values.some((x) => Math.abs(x) === Number.POSITIVE_INFINITY)),
      tiny: poison.inputs.some((values) => values.some(isSubnormal)),
      second: poison.inputs[1]?.some((x) => !Number.isFinite(x)) ?? false,
    };
    for (const [k, actual] of result.outputs.entries())
      for (let i = 0; i < actual.length; i++) {
        const wrong = wrongAt(actual[i], allowed, k, i, prepared.op.name, extent);
        if (wrong) return `${where}: output ${k} at ${i} of ${formatType(call.outputs[k])}: ${wrong}`;
      }
    return result.problem ? `${where}: ${result.problem}` : undefined;
  } catch (error) {
    return `${where}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const isSubnormal = (x: number): boolean => x !== 0 && Math.abs(x) < 2 ** -126;

/** What the reference says: of the inputs as they are, and with subnormals as 0, or −0 as 0, as a GPU may take them. */
function allowedFor(op: Op, call: Call, inputs: readonly Float64Array[]): Allowed[] {
  const forms: ((x: number) => number)[] = [(x) => x];
  if (inputs.some((values) => values.some(isSubnormal))) forms.push((x) => (isSubnormal(x) ? 0 : x));
  if (inputs.some((values) => values.some((x) => Object.is(x, -0)))) forms.push(...forms.map((form) => (x: number) => form(x) + 0));
  return forms.map((form) => {
    const given = inputs.map((values) => values.map(form));
    const outputs = call.outputs.map((type) => new Float64Array(sizeOf(type.shape)));
    op.reference(call, given, outputs);
    return allowedAt(outputs, op.error(call, given, outputs));
  });
}

const describe = (attributes: unknown): string => {
  const text = JSON.stringify(attributes, (_, value) => (typeof value === "function" ? undefined : value)) ?? "";
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
};
