import type { Call, Lowering, Operand } from "../../graph/op.ts";
import type { HostArray, TensorType } from "../../graph/types.ts";
import { type Clip, CONTROL } from "../../graph/update.ts";
import { adam, adamw } from "../../ops/update/adam.ts";
import { clipGradients, clipValueParam } from "../../ops/update/norm.ts";
import { rmsprop } from "../../ops/update/rmsprop.ts";
import type { OptimizerRule } from "../../ops/update/rule.ts";
import { sgd } from "../../ops/update/sgd.ts";
import { randomSource } from "../../random.ts";
import { findWorst, HALF_ULP, type Pair } from "../finding.ts";
import type { Proof, ProofCase } from "../proof.ts";
import { runLowering } from "../runner.ts";

/** Each rule with every one of its kernels, and with the options at which it does something else. */
const RULES: Readonly<Record<string, Readonly<Record<string, OptimizerRule>>>> = {
  sgd: {
    plain: sgd({ learningRate: 0.1 }),
    "weight decay": sgd({ learningRate: 0.1, weightDecay: 0.03 }),
    momentum: sgd({ learningRate: 0.1, momentum: 0.9, dampening: 0.3, weightDecay: 0.03 }),
    nesterov: sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
  },
  adam: {
    plain: adam({ learningRate: 0.1 }),
    "weight decay": adam({ learningRate: 0.1, weightDecay: 0.1, epsilon: 0.01 }),
    "without memory": adam({ learningRate: 0.1, beta1: 0, beta2: 0 }),
  },
  adamw: { plain: adamw({ learningRate: 0.1, weightDecay: 0.1 }) },
  rmsprop: {
    plain: rmsprop({ learningRate: 0.1, alpha: 0.9, epsilon: 0.01 }),
    momentum: rmsprop({ learningRate: 0.1, momentum: 0.5, weightDecay: 0.03 }),
    centered: rmsprop({ learningRate: 0.1, alpha: 0.9, centered: true }),
    "centered, momentum": rmsprop({ learningRate: 0.1, alpha: 0.9, centered: true, momentum: 0.5 }),
  },
};

/** Floats that one word of a block table speaks of. */
const BLOCK = 64;

/** Sizes of the variables of a segment; 0 stands for a block that another optimizer updates. */
const SEGMENTS = { ragged: [130, 0, 1, 64, 67], small: [3], large: [1000, 0, 0, 5] } as const;

interface Setting {
  readonly note: string;
  readonly sizes: readonly number[];
  readonly step: number;
  readonly scale: number;
  readonly clip?: Clip;
  readonly skip?: boolean;
}

const SETTINGS: readonly Setting[] = [
  { note: "first step", sizes: SEGMENTS.ragged, step: 1, scale: 1 },
  { note: "second step, scaled and clamped", sizes: SEGMENTS.large, step: 2, scale: 0.5, clip: { kind: "value", max: 0.7 } },
  { note: "late step", sizes: SEGMENTS.small, step: 3000, scale: 1 },
  { note: "told to change nothing", sizes: SEGMENTS.ragged, step: 2, scale: 1, skip: true },
];

/** What lies in the gaps between variables, where the gradients are NaN. */
const GAP = 7.25;

/** One step of a rule over one segment. */
function ruleCase(variant: string, { optimizer }: OptimizerRule, setting: Setting): ProofCase {
  const { note, sizes, step, scale, clip, skip = false } = setting;
  return {
    variant,
    note,
    attributes: JSON.stringify({ ...optimizer.hyper, step, scale, clip }),
    async run({ gpu }) {
      const random = randomSource(0, `${optimizer.name} ${variant} ${note}`);
      const layout = layOut(sizes);
      const draw = (value: () => number, gap = GAP): Float64Array => {
        const flat = new Float64Array(layout.floats).fill(gap);
        for (const { offset, size } of layout.members) for (let i = 0; i < size; i++) flat[offset + i] = Math.fround(value());
        return flat;
      };
      // Away from 0, so that the quotients of the rules are well conditioned; variances well above squares of means.
      const away = () => (random.uniform() < 0.5 ? -1 : 1) * (0.5 + Math.abs(random.normal()));
      const states = optimizer.states.map((name) =>
        draw(
          /moment|momentum|gradient_average/.test(name) && name !== "second_moment"
            ? () => 0.5 * random.normal()
            : () => 2 + random.normal() ** 2,
        ),
      );
      const arrays = [draw(random.normal.bind(random)), draw(away, Number.NaN), ...states];
      const control = new Uint32Array(CONTROL.WORDS);
      control[CONTROL.SCALE] = bitsOf(scale);
      control[CONTROL.SKIP] = skip ? 1 : 0;
      control[CONTROL.STEP] = step;
      const rate = Math.fround(optimizer.learningRate as number);
      const inputs: HostArray[] = [...arrays.map((flat) => Float32Array.from(flat)), layout.blocks, control, Float32Array.of(rate)];
      const kernel = optimizer.kernel();
      const names = Object.keys(kernel.bindings);
      const types = names.map((name, i): TensorType => ({ dtype: kernel.bindings[name].dtype, shape: [inputs[i].length] }));
      const params = { size: layout.floats / 4, clip_value: clipValueParam(clip), ...optimizer.hyper };
      const bindings = Object.fromEntries(names.map((name, i): [string, Operand] => [name, { input: i }]));
      const lengths = Object.fromEntries(names.map((name, i) => [name, inputs[i].length]));
      const workgroups = kernel.workgroups?.({ lengths, params }) ?? [1, 1, 1];
      const call: Call = { inputs: types, outputs: [], attributes: {} };
      const lowering: Lowering = { dispatches: [{ kernel, bindings, params, workgroups }] };
      const written = names.flatMap((name, i) => (kernel.bindings[name].access === "read" ? [] : [i]));
      const { changed, problem } = await runLowering(gpu, call, lowering, inputs, undefined, undefined, written);

      const right = arrays.map((flat) => flat.slice());
      if (!skip)
        for (const { offset, size } of layout.members) {
          const part = (flat: Float64Array): Float64Array => flat.subarray(offset, offset + size);
          const scaled = part(arrays[1]).map((g) => g * scale);
          const clipped = clip ? clipGradients([scaled], clip).clipped[0] : scaled;
          optimizer.reference(step, rate, part(right[0]), clipped, right.slice(2).map(part));
        }
      const pairs = changed.map((actual, k): Pair => {
        const at = written[k];
        return { name: names[at], actual, right: right[at], bound: boundOf(arrays[at], right[at]) };
      });
      return findWorst(pairs, problem);
    },
  };
}

const ROUNDINGS = 32;

/** Some roundings of the old value, the new one and the largest change between; nothing where nothing may change. */
function boundOf(before: Float64Array, after: Float64Array): Float64Array {
  const change = before.reduce((most, value, i) => Math.max(most, Math.abs(after[i] - value) || 0), 0);
  if (change === 0) return new Float64Array(before.length);
  return before.map((value, i) => (value === after[i] ? 0 : ROUNDINGS * HALF_ULP * (Math.abs(value) + Math.abs(after[i]) + change)));
}

/** Variables one after another in whole blocks, and how many floats of each block belong to one. */
function layOut(sizes: readonly number[]) {
  const blocks: number[] = [];
  const members = sizes.map((size) => {
    const offset = BLOCK * blocks.length;
    for (let at = 0; at < Math.max(size, 1); at += BLOCK) blocks.push(Math.max(0, Math.min(BLOCK, size - at)));
    return { offset, size };
  });
  return { members, blocks: Uint32Array.from(blocks), floats: BLOCK * blocks.length };
}

export const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];

/** The update kernels: one step from drawn values, between guard words, beside the rule's reference. */
export const ruleProofs: readonly Proof[] = Object.entries(RULES).map(([name, rules]) => ({
  name,
  kind: "update",
  variants: Object.keys(rules),
  byTraits: false,
  cases: () => Object.entries(rules).flatMap(([variant, rule]) => SETTINGS.map((setting) => ruleCase(variant, rule, setting))),
}));
