import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { leanSource } from "../../src/build/lean/lean.ts";
import type { UnrollError } from "../../src/errors.ts";
import type { Activation, Call, DeviceTraits, Lowering, Op } from "../../src/graph/op.ts";
import { apply, input, type Node, type Tensor } from "../../src/graph/tensor.ts";
import { formatType } from "../../src/graph/types.ts";
import { randomSource } from "../../src/random.ts";
import { allSamples } from "../../src/verify/all.ts";
import { fakeDevice } from "../support/fake-device.ts";
import { loadPackage, typecheck, writeLeanSources } from "../support/lean.ts";
import { misuse, outcome, wrongCalls } from "../support/misuse.ts";

const folder = await mkdtemp(join(tmpdir(), "unroll-lean-"));
const folders = [folder];
afterAll(() => Promise.all(folders.map((path) => rm(path, { recursive: true, force: true }))));
const [whole, lean] = [await loadPackage(false, folder), await loadPackage(true, folder)];

/** What TypeScript says of the lean sources, in which types and objects have lost the faces that only the proof needs. */
async function checked(change?: (path: string, code: string) => string): Promise<string> {
  const written = await writeLeanSources(change);
  folders.push(written);
  return typecheck(written);
}

describe("the sources of the lean package", () => {
  test("need nothing that was taken away", async () => {
    expect(await checked()).toBe("");
  });

  test("do not pass where they need it", async () => {
    const faults: readonly (readonly [path: string, line: string, told: RegExp])[] = [
      [
        "src/program/compile.ts",
        "export const a = (op: import('../graph/op.ts').Op) => op.reference;",
        /'reference' does not exist on type 'Op/,
      ],
      [
        "src/program/updates.ts",
        "export const b = ({ optimizer }: { optimizer: import('../graph/update.ts').Optimizer }) => optimizer.reference;",
        /'reference' does not exist on type 'Optimizer/,
      ],
      [
        "src/ops/pointwise/define.ts",
        "export const c = <A>(spec: PointwiseSpec<A>) => spec.value;",
        /'value' does not exist on type 'PointwiseSpec/,
      ],
      ["src/program/order.ts", 'export { evaluate } from "./evaluate.ts";', /Cannot find module '\.\/evaluate\.ts'/],
    ];
    const said = (await checked((path, code) => [code, ...faults.filter(([at]) => at === path).map(([, line]) => line)].join("\n"))).trim();
    expect(said.split("\n").length).toBe(faults.length);
    for (const [path, , told] of faults) expect(said.split("\n").find((line) => line.startsWith(path))).toMatch(told);
  });
});

/** Without the space that something left. */
const tidy = (text: string): string =>
  text
    .replace(/\s+/g, " ")
    .replace(/(?<=[{,]) |,? (?=[}])/g, "")
    .trim();

describe("a source becomes lean", () => {
  const imports = 'import { check, UnrollError } from "../errors.ts";\n';
  const short = 'import { short } from "../errors.ts";\n';
  test.each([
    ["the leading name stays", 'check(a, "shape", "conv2d: that does not fit");', 'check(a, "shape", `conv2d`);'],
    ["and the argument", 'check(a, "shape", () => `${op}: ${name} is ${f(x)}`);', 'check(a, "shape", () => `${op}: ${name}`);'],
    ["and the argument in words", 'check(a, "shape", () => `${op}: stride is ${f(x)}`);', 'check(a, "shape", () => `${op}: stride`);'],
    [
      "and what is quoted",
      'check(a, "name", () => `run: input "${name}", ${t(x)}, is missing`);',
      'check(a, "name", () => `run: input "${name}"`);',
    ],
    ["a name alone needs no function", 'check(a, "shape", () => `${op}: sizes ${a} and ${b}`);', 'check(a, "shape", op);'],
    ["what is more than a name goes", 'check(a, "shape", () => `${f(x)}: every size must be whole`);', 'check(a, "shape", "");'],
    [
      "without a colon, up to the comma",
      'check(a, "shape", () => `a shape is an array, not ${d(x)}`);',
      'check(a, "shape", `a shape is an array`);',
    ],
  ])("%s", (_, source, expected) => {
    const kept = 'import { check } from "../errors.ts";\n';
    expect(tidy(leanSource(imports + source, "src/nn/a.ts"))).toBe(tidy(kept + expected));
  });

  test("errors that are thrown are short too, and keep their cause", () => {
    const source = 'throw new UnrollError("adapter", `the adapter gave no device: ${text(cause)}`, { cause });';
    expect(tidy(leanSource(imports + source, "src/nn/a.ts"))).toBe(
      tidy(`${short}throw short("adapter", \`the adapter gave no device\`, { cause });`),
    );
  });

  test.each([
    [
      "the faces of the proof go",
      "src/ops/a.ts",
      "const op = { name, reference(c) { a(c); }, error: e, spot: (c) => s(c), cost };\nuse(op);",
      "const op = { name,   cost };\nuse(op);",
    ],
    ["a formula is a value beside its error", "src/ops/a.ts", "f({ wgsl, value: (x) => x, error: () => 0 });", "f({ wgsl,   });"],
    ["a value alone stays", "src/ops/a.ts", "f({ wgsl, value: (x) => x });", "f({ wgsl, value: (x) => x });"],
    [
      "types lose them too",
      "src/graph/op.ts",
      "export interface Op { name: string; reference(a: A): void; spot?(a: A): B; }",
      "export interface Op { name: string;   }",
    ],
    ["activations keep theirs", "src/ops/activation.ts", "f({ reference: (x) => x });", "f({ reference: (x) => x });"],
    ["elsewhere they are something else", "src/nn/a.ts", "f({ reference: true });", "f({ reference: true });"],
    [
      "imports that only they used go, and functions",
      "src/ops/a.ts",
      'import { e } from "./e.ts";\nfunction half() {\n  return e;\n}\nf({ error: () => half() });',
      "f({  });",
    ],
  ])("%s", (_, path, source, expected) => {
    expect(tidy(leanSource(source, path))).toBe(tidy(expected));
  });

  test("plans that few need are loaded on demand", () => {
    const from = 'import type { A } from "./a.ts";\nimport { f, g } from "./a.ts";\nimport { onDemand } from "../graph/on-demand.ts";\n';
    const loads = 'onDemand(() => import("./a.ts").then((module) => module.f))';
    expect(tidy(leanSource(`${from}export const h = onDemand(f);\ng();`, "src/ops/b.ts"))).toBe(
      tidy(`${from.replace('import type { A } from "./a.ts";\n', "").replace("f, ", "")}export const h = ${loads};\ng();`),
    );
    const alone = 'import { f } from "./a.ts";\nexport const h = onDemand(f);';
    expect(tidy(leanSource(alone, "src/ops/b.ts"))).toBe(`export const h = ${loads};`);
  });

  test.each([
    ["what is loaded on demand is not imported", "src/ops/a.ts", "const g = () => 1;\nonDemand(g);"],
    ["or under another name", "src/ops/a.ts", 'import { f as g } from "./b.ts";\nonDemand(g);'],
    ["a message from elsewhere", "src/nn/a.ts", `${imports}throw new UnrollError("name", message);`],
    ["a message that is made first", "src/nn/a.ts", `${imports}check(a, "name", () => { const b = f(); return b; });`],
    ["a message in one of two ways", "src/nn/a.ts", `${imports}check(a, "name", a ? "one: b" : "two: b");`],
    ["no message", "src/nn/a.ts", `${imports}check(a, "name");`],
    ["a face that is no function", "src/ops/a.ts", "f({ reference: true });"],
    ["a face that is called for", "src/ops/a.ts", "f({ reference: make(x) });"],
  ])("%s ends the build", (_, path, source) => {
    expect(() => leanSource(source, path)).toThrow(/^lean, src\/.*a\.ts:\d/);
  });
});

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
const sources = Object.entries(import.meta.glob<Record<string, unknown>>("../../src/ops/**/*.ts", { eager: true }));

/** The same op in a build. That of leakyRelu, which is made for a slope, is made again. */
function opIn(rooms: Readonly<Record<string, Readonly<Record<string, unknown>>>>, op: Op): Op {
  for (const [path, exported] of sources)
    for (const [name, value] of Object.entries(exported)) if (value === op) return rooms[path.replace("../../", "")][name] as Op;
  if (op.epilogue?.kind !== "activation") throw new Error(`${op.name} is exported by no room`);
  const { leakyReluOp } = rooms["src/ops/pointwise/activations.ts"] as { leakyReluOp: (slope: number) => Op };
  return leakyReluOp(op.epilogue.activation.derivative(-1, -1));
}

/** The nodes that an op's gradient is made of, each after those that it reads. */
function gradientNodes(api: Pick<typeof whole.api, "apply" | "input">, op: Op, types: Call["inputs"], attributes: unknown): Node[] {
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

describe("on a GPU the builds do what the sources do", () => {
  /** Ops whose kernels were compared. */
  const seen = new Set<Op>();
  const { attempt, complete } = lean.rooms["src/graph/on-demand.ts"] as unknown as typeof import("../../src/graph/on-demand.ts");
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
    const nodes = gradientNodes({ apply, input: input as typeof whole.api.input }, op, types, attributes);
    for (const [build, same] of [
      [whole, ofWhole],
      [lean, ofLean],
    ] as const)
      expect(named(gradientNodes(build.api, same, types, ownAttributes(build, attributes)))).toEqual(named(nodes));
    for (const node of nodes) await compare(node.op, node.inputs, node.attributes, false);
  }

  test.each(allSamples.map((samples) => [samples.op.name, samples] as const))("%s", async (_, { op, samples }) => {
    const all = samples(randomSource(0, op.name));
    const some = Math.ceil(all.length / 6);
    for (const [i, { inputs, attributes }] of all.entries()) {
      const types = inputs.map(({ shape, dtype = "f32" }) => ({ shape, dtype }));
      await compare(op as Op, types, attributes, i % some === 0);
    }
  });

  test("all of them: ops that only gradients apply, too", () => {
    const all = sources.flatMap(([, exported]) => Object.values(exported)).filter((value): value is Op => isOp(value));
    expect(all.length).toBeGreaterThan(80);
    expect(all.filter((op) => !seen.has(op)).map(({ name }) => name)).toEqual(["copy", "index check"]); // which have no samples: programs put them in
  });
});

/** Activations and ops among attributes make graphs of their own build. */
function ownAttributes(build: typeof whole, attributes: unknown): unknown {
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

describe("a wrong call gives the same code in both builds", async () => {
  const make = async ({ api }: typeof whole) => ({
    api,
    ...(await misuse(api, await api.Engine.create({ device: fakeDevice(), selfTest: false }))),
  });
  const [one, other] = [await make(whole), await make(lean)];
  const names = Object.keys(one.table).filter((name) => name !== "Engine.create" && other.table[name][0]);
  let told = 0;

  test("the lean package lacks what needs the proof, and nothing else", () => {
    expect(Object.keys(one.api).filter((name) => !(name in other.api))).toEqual(["evaluate", "verify", "verifyKernel"]);
    expect(Object.keys(other.api).filter((name) => !(name in one.api))).toEqual([]);
  });

  test.each(names)("%s", async (name) => {
    const [calls, same] = [one, other].map((side) => [...wrongCalls(side, side.table[name][1])]);
    for (const [i, [what, args]] of calls.entries()) {
      const expected = await outcome(() => (one.table[name][0] as (...given: readonly unknown[]) => unknown)(...args));
      const seen = await outcome(() => (other.table[name][0] as (...given: readonly unknown[]) => unknown)(...same[i][1]));
      const [a, b] = [codeOf(whole, expected), codeOf(lean, seen)];
      expect(`${what}: ${b}`).toBe(`${what}: ${a}`);
      if (a === "none") continue;
      told++;
      const { message } = seen as Error;
      expect(message).toMatch(new RegExp(`\\[${a}\\]: import from "unroll-gpu" to read more$`));
      // What it leads with is what the whole message leads with.
      const lead = message.slice(0, message.lastIndexOf(" ["));
      expect((expected as Error).message.replace(": the ", ": ")).toContain(lead);
    }
  });

  test("all of them together", () => {
    expect(told).toBeGreaterThan(5000);
  });

  test("an engine on the references is asked for in vain, in words", async () => {
    const error = await outcome(() => lean.api.Engine.create({ reference: true }));
    expect(codeOf(lean, error)).toBe("argument");
    expect((error as Error).message).toBe(
      'Engine.create: unroll-gpu/lean has no references; import from "unroll-gpu" to run without a GPU',
    );
  });
});

const codeOf = ({ api }: typeof whole, error: unknown): string =>
  error === undefined ? "none" : error instanceof api.UnrollError ? error.code : String(error);
