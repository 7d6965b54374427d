import type { DeviceTraits, Op } from "../../src/graph/op.ts";
import type { Node } from "../../src/graph/tensor.ts";
import { sizeOf } from "../../src/graph/types.ts";
import { nodesOf } from "../../src/program/order.ts";
import { randomSource } from "../../src/random.ts";
import { gradientGraph } from "../../src/verify/gradient.ts";
import { tellingAlso } from "../../src/verify/jobs.ts";
import type { Proof } from "../../src/verify/proof.ts";
import type { OpSamples, Sample } from "../../src/verify/sample.ts";

/** How much of a sweep runs: a part in `npm test`, all of it in `npm run test:long`. */
export type Extent = "part" | "whole";

/** Calls above this are proven by the whole sweep only, unless nothing smaller reaches what they do. */
const CHEAP = 5e5;

/** Of all samples a share is in the part besides: one of so many. */
const EVERY = 32;

/** Every `n`th element, beginning at a place that the name gives: another one for each list, the same in every run. */
export function everyNth<T>(list: readonly T[], n: number, name: string): T[] {
  const first = Math.floor(randomSource(0, `part of ${name}`).uniform() * Math.min(n, list.length));
  return list.filter((_, i) => i % n === first % n);
}

/** The nodes that the gradient of a sample's call adds to the graph, without their values. */
export function gradientNodes(entry: Pick<OpSamples, "op" | "onlyFirstOutput">, sample: Sample): Node[] {
  const values = sample.inputs.map(({ shape }) => new Float64Array(sizeOf(shape)));
  const graph = gradientGraph(entry, sample, values, "nodes");
  const nodes = graph ? nodesOf(graph.gradients.filter((tensor) => tensor !== undefined)) : [];
  return nodes.filter((node) => node.outputs !== graph?.outputs);
}

/**
 * What a sample reaches: each variant, forward and in the graph of its gradient, of the op and of others, in place or not, with and
 * without bias or other optional inputs, on each kind of device; and whether plans are cut for what the planner is told besides.
 */
export function reachOf(entry: OpSamples, sample: Sample, traits: readonly DeviceTraits[]): string[] {
  const { op } = entry;
  const inputs = sample.inputs.map(({ shape, dtype = "f32" }) => ({ shape, dtype }));
  const outputs = op.shape(inputs, sample.attributes);
  const calls = [
    { op: op as Op, call: { inputs, outputs, attributes: sample.attributes } },
    ...gradientNodes(entry, sample).map((node) => ({ op: node.op, call: node })),
  ];
  const cut = op.kernels.flatMap((variant) =>
    traits.flatMap((device, kind) =>
      tellingAlso(entry, device)
        .slice(1)
        .filter((told) => variant.allowed(calls[0].call, told))
        .map((told) => [told, device].map((one) => variant.plan(calls[0].call, one).dispatches.length))
        .map(([also, plain]) => `${variant.name} ${also === plain ? "as it is" : "in pieces"} on ${kind}`),
    ),
  );
  const whole = calls.flatMap(({ op: own, call }, i) =>
    traits.flatMap((device, kind) =>
      own.kernels
        .filter((variant) => variant.allowed(call, device))
        .flatMap((variant) =>
          [undefined, ...(variant.inPlace?.(call) ?? [])].map(
            (place) => `${i === 0 ? "forward" : "gradient"} ${own.name}(${call.inputs.length}) ${variant.name} ${place} on ${kind}`,
          ),
        ),
    ),
  );
  return [...whole, ...cut];
}

/** Of a proof's cases the first of each variant, and a share of the others. */
export function partOfProof(proof: Proof): Proof {
  const all = proof.cases();
  const chosen = new Set([
    ...everyNth(all, 6, proof.name),
    ...proof.variants.flatMap((name) => all.find(({ variant }) => variant === name) ?? []),
  ]);
  return { ...proof, cases: () => all.filter((one) => chosen.has(one)) };
}

/** Of an op's samples a part that reaches all that they reach together, the cheap ones first. */
export function part(entry: OpSamples, samples: readonly Sample[], traits: readonly DeviceTraits[]): Sample[] {
  const { op } = entry;
  const flops = (sample: Sample) => {
    const inputs = sample.inputs.map(({ shape, dtype = "f32" }) => ({ shape, dtype }));
    return op.cost({ inputs, outputs: op.shape(inputs, sample.attributes), attributes: sample.attributes }).flops;
  };
  const order = shuffled(samples, op.name).map((sample) => ({ sample, cost: flops(sample) }));
  const chosen = new Set(everyNth(samples, EVERY, op.name).filter((sample) => flops(sample) <= CHEAP));
  const reached = new Set([...chosen].flatMap((sample) => reachOf(entry, sample, traits)));
  for (const { sample } of order.sort((a, b) => Number(a.cost > CHEAP) - Number(b.cost > CHEAP))) {
    const keys = reachOf(entry, sample, traits);
    if (keys.every((key) => reached.has(key))) continue;
    chosen.add(sample);
    for (const key of keys) reached.add(key);
  }
  return samples.filter((sample) => chosen.has(sample));
}

function shuffled<T>(list: readonly T[], name: string): T[] {
  const random = randomSource(0, `order of ${name}`);
  return list
    .map((value) => ({ value, at: random.uniform() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
