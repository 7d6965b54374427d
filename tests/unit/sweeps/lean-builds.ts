import { describe, expect, test } from "vitest";
import type { UnrollError } from "../../../src/errors.ts";
import type { Activation, Call, DeviceTraits, Lowering, Op } from "../../../src/graph/op.ts";
import { apply, input, type Node, type Tensor } from "../../../src/graph/tensor.ts";
import { formatType } from "../../../src/graph/types.ts";
import { randomSource } from "../../../src/random.ts";
import { allSamples } from "../../../src/verify/all.ts";
import type { Built } from "../../support/lean.ts";
import type { Extent } from "../../support/sweep.ts";

const least: DeviceTraits = {
  software: false,
  f16: false,
  maxWorkgroupStorage: 16384,
  maxInvocations: 256,
  maxWorkgroupSizeX: 256,
  maxStorageBuffers: 8,
  maxBindingBytes: 2 ** 27,
  walkFlops: 5e10,
};
const devices: readonly DeviceTraits[] = [
  least,
  { ...least, software: true },
  { ...least, software: true, f16: true, subgroups: { min: 4, max: 4 }, maxInvocations: 1024, maxStorageBuffers: 10 },
  { ...least, f16: true, subgroups: { min: 32, max: 64 }, maxInvocations: 1024, maxWorkgroupStorage: 65536 },
];

/** The words and signs of WGSL, without comments and space. */
function tokens(wgsl: string): string {
  let text = known.get(wgsl);
  if (text === undefined) {
    text = (wgsl.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, " ").match(/\w+|[^\s\w]+?/g) ?? []).join(" ");
    known.set(wgsl, text);
  }
  return text;
}
const known = new Map<string, string>();

/** A lowering as text: all but the functions of its kernels, which only a kernel on its own needs. */
const written = ({ dispatches, temporaries }: Lowering): string =>
  JSON.stringify({
    temporaries,
    dispatches: dispatches.map(({ kernel: { name, wgsl, bindings, params: types }, bindings: operands, params, workgroups }) => [
      ...[name, tokens(wgsl), bindings, types, operands, params, workgroups],
    ]),
  });

/** What an op says of a call on a GPU: its types, and of each variant whether it is allowed, how it is preferred and what it does. */
function saidOf(op: Op, inputs: Call["inputs"], attributes: unknown): string[] {
  const call: Call = { inputs, outputs: op.shape(inputs, attributes), attributes };
  const said = [JSON.stringify(call.outputs), JSON.stringify(op.cost(call)), `${op.view} ${op.random} ${op.epilogue?.kind}`];
  for (const device of devices)
    for (const variant of op.kernels) {
      const allowed = variant.allowed(call, device);
      const places = variant.inPlace?.(call) ?? [];
      said.push(`${variant.name}: ${allowed}, ${variant.preference?.(call, device)}, ${places}`);
      if (allowed) for (const place of [undefined, ...places]) said.push(written(variant.plan(call, device, place)));
    }
  return said;
}

/** The ops of src/ as they stand. */
const sources = Object.entries(import.meta.glob<Record<string, unknown>>("../../../src/ops/**/*.ts", { eager: true }));

/** The same op in a build. That of leakyRelu, which is made for a slope, is made again. */
function opIn(rooms: Readonly<Record<string, Readonly<Record<string, unknown>>>>, op: Op): Op {
  for (const [path, exported] of sources)
    for (const [name, value] of Object.entries(exported)) if (value === op) return rooms[path.replace("../../../", "")][name] as Op;
  if (op.epilogue?.kind !== "activation") throw new Error(`${op.name} is exported by no room`);
  const { leakyReluOp } = rooms["src/ops/pointwise/activations.ts"] as { leakyReluOp: (slope: number) => Op };
  return leakyReluOp(op.epilogue.activation.derivative(-1, -1));
}

/** The nodes that an op's gradient is made of, each after those that it reads. */
function gradientNodes(api: Pick<Built["api"], "apply" | "input">, op: Op, types: Call["inputs"], attributes: unknown): Node[] {
  const inputs = types.map(({ shape, dtype }) => api.input(shape, dtype) as Tensor);
  const outputs = api.apply(op, inputs, attributes);
  const gradients = outputs.map(({ shape, dtype }) => api.input(shape, dtype) as Tensor);
  const nodes: Node[] = [];
  const visit = (tensor: Tensor | undefined): void => {
    if (tensor?.source.kind !== "node" || nodes.includes(tensor.source.node)) return;
    tensor.source.node.inputs.forEach(visit);
    nodes.push(tensor.source.node);
  };
  try {
    op.gradient({ inputs, outputs, attributes, gradients, needs: inputs.map(() => true) }).forEach(visit);
  } catch (error) {
    // Where there is none, this is said in all builds.
    if ((error as UnrollError).code !== "gradient") throw error;
  }
  return nodes;
}

const nameOfActivation = (key: string, value: unknown): unknown =>
  key === "activation" || key === "op" ? (value as Activation | Op | undefined)?.name : value;

const named = (nodes: readonly Node[]): string[] =>
  nodes.map(({ op, inputs, attributes }) => `${op.name} ${JSON.stringify(attributes, nameOfActivation)} of ${inputs.map(formatType)}`);

/** For all samples of each op, or for three of them. */
export function leanBuildTests(extent: Extent, whole: Built, lean: Built): void {
  describe(`on a GPU the builds do what the sources do: ${extent} of the samples`, () => {
    /** Ops whose kernels were compared. */
    const seen = new Set<Op>();
    const { attempt, complete } = lean.rooms["src/graph/on-demand.ts"] as unknown as typeof import("../../../src/graph/on-demand.ts");
    /** Compares a call in all builds, and with `deeper` its gradient and the calls that this makes. */
    async function compare(op: Op, types: Call["inputs"], attributes: unknown, deeper: boolean): Promise<void> {
      seen.add(op);
      const [ofWhole, ofLean] = [opIn(whole.rooms, op), opIn(lean.rooms, op)];
      expect("reference" in ofWhole && "error" in ofWhole).toBe(true);
      expect(["reference", "error", "spot"].filter((face) => face in ofLean)).toEqual([]);
      const said = saidOf(op, types, attributes);
      expect(saidOf(ofWhole, types, attributes)).toEqual(said);
      expect(await complete(() => attempt(() => saidOf(ofLean, types, attributes), []))).toEqual(said);
      if (!deeper || op.shape(types, attributes)[0].dtype !== "f32") return;
      const nodes = gradientNodes({ apply, input: input as Built["api"]["input"] }, op, types, attributes);
      for (const [build, same] of [
        [whole, ofWhole],
        [lean, ofLean],
      ] as const)
        expect(named(gradientNodes(build.api, same, types, ownAttributes(build, attributes)))).toEqual(named(nodes));
      for (const node of nodes) await compare(node.op, node.inputs, node.attributes, false);
    }

    test.each(allSamples.map((samples) => [samples.op.name, samples] as const))("%s", async (_, { op, samples }) => {
      const all = samples(randomSource(0, op.name));
      // Of a part of them the gradients, too.
      const some = Math.ceil(all.length / (extent === "whole" ? 6 : 3));
      for (const [i, { inputs, attributes }] of all.entries()) {
        if (extent === "part" && i % some !== 0) continue;
        const types = inputs.map(({ shape, dtype = "f32" }) => ({ shape, dtype }));
        await compare(op as Op, types, attributes, i % some === 0);
      }
    });

    test("all of them: ops that only gradients apply, too", () => {
      const all = sources.flatMap(([, exported]) => Object.values(exported)).filter((value): value is Op => isOp(value));
      expect(all.length).toBeGreaterThan(80);
      expect(all.filter((op) => !seen.has(op)).map(({ name }) => name)).toEqual(["index check"]); // which has no samples: programs put it in
    });
  });
}

/** Activations and ops among attributes make graphs of their own build. */
function ownAttributes(build: Built, attributes: unknown): unknown {
  if (typeof attributes !== "object" || attributes === null || Array.isArray(attributes)) return attributes;
  const own = (name: string, value: unknown): unknown => {
    if (name === "op") return opIn(build.rooms, value as Op);
    if (name !== "activation" || !value) return ownAttributes(build, value);
    const activation = value as Activation;
    const same = build.rooms["src/ops/activation.ts"][`${activation.name}Activation`];
    return typeof same === "function" ? same(activation.derivative(-1, -1)) : same;
  };
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, own(name, value)]));
}

function isOp(value: unknown): boolean {
  return Array.isArray((value as Op | null)?.kernels);
}
