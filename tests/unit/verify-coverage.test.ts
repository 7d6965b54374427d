import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Gpu } from "../../src/gpu/gpu.ts";
import type { Call, DeviceTraits, Op } from "../../src/graph/op.ts";

/*
 * Whether `unroll verify` reaches every kernel of the package. Nothing here is a list of kernels: the shaders are those of the folder, the
 * ops those that src/ops exports, and what is reached is what the samples' plans, and the other proofs on a device that computes nothing,
 * ask the shaders for.
 */

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = (folder: string, ending: string): string[] =>
  readdirSync(root + folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`);

/** Measures or tests the device itself: what no program runs. */
const PROBES = /^src\/(bench\/|gpu\/self-test\.ts)/;

/** "file function" of all that src takes from the shaders, but for probes; and the files that it takes something from. */
const wanted = new Set<string>();
const used = new Set<string>();
for (const path of files("src", ".ts")) {
  const text = readFileSync(root + path, "utf8");
  for (const [, names, file] of text.matchAll(/import (?!type)\{([^}]*)\} from "(?:\.\.\/)+shaders\/([^"/]+\.wgsl\.ts)"/g)) {
    used.add(file);
    if (PROBES.test(path)) continue;
    for (const name of names.split(",").map((one) => one.trim()))
      if (/^[a-z]/.test(name) && !name.startsWith("type ")) wanted.add(`${file} ${name}`);
  }
}

const functions = new Set<string>();
const loaded = new Set<string>();
const called = new Set<string>();
/** Options that are true or false, with the values that they had. */
const options = new Map<string, Set<boolean>>();
/** Conditions of `#if` in the shaders, with the values that they had. */
const conditions = new Map<string, Set<boolean>>();

const note = (map: Map<string, Set<boolean>>, key: string, value: boolean): void => {
  map.set(key, (map.get(key) ?? new Set()).add(value));
};

/** The shader whose function runs. */
let current = "";

function watched(file: string, name: string, original: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
  functions.add(`${file} ${name}`);
  const known = new Map<string, unknown>();
  return (...args) => {
    const key = JSON.stringify(args);
    if (known.has(key)) return known.get(key);
    called.add(`${file} ${name}`);
    const [given] = args;
    if (typeof given === "object" && given !== null)
      for (const [option, value] of Object.entries(given)) if (typeof value === "boolean") note(options, `${file} ${option}`, value);
    const before = current;
    current = file;
    try {
      const result = original(...args);
      known.set(key, result);
      return result;
    } finally {
      current = before;
    }
  };
}

// Files of this project share their modules: here they are loaded anew, with shaders that are watched.
vi.resetModules();
vi.doMock("wgsl-preprocessor/wgsl-preprocessor.js", () => ({
  // What a kernel says does not matter for what is asked for, and it is fast.
  wgsl(strings: TemplateStringsArray, ...values: unknown[]) {
    for (const [i, value] of values.entries())
      if (/#(?:el)?if\s*$/.test(strings[i])) {
        const [, after] = /^\s*([^\n]*)/.exec(strings[i + 1]) ?? [];
        note(conditions, `${current}: #if … ${after || strings[i + 1].trim().split("\n")[0]}`, Boolean(value));
      }
    return `${strings[0]}${JSON.stringify(values).length}`;
  },
}));
for (const path of files("shaders", ".wgsl.ts").filter((one) => !one.startsWith("shaders/lib/")))
  vi.doMock(root + path, async (importOriginal) => {
    const file = path.replace("shaders/", "");
    const exported = Object.entries(await importOriginal<Record<string, unknown>>());
    for (const [name] of exported) loaded.add(`${file} ${name}`);
    return Object.fromEntries(
      exported.map(([name, value]) => [name, typeof value === "function" ? watched(file, name, value as () => unknown) : value]),
    );
  });

/** Variants that were planned, by op. */
const reached = new Map<Op<never>, Set<string>>();
const opNames = new Map<Op<never>, string>();
const unreachedOfProofs: string[] = [];

function plan(op: Op<never>, call: Call<never>, traits: readonly DeviceTraits[]): void {
  const names = reached.get(op) ?? new Set();
  reached.set(op, names);
  for (const one of traits)
    for (const variant of op.kernels.filter(({ allowed }) => allowed(call, one)))
      for (const inPlace of [undefined, ...(variant.inPlace?.(call) ?? [])]) {
        variant.plan(call, one, inPlace);
        names.add(variant.name);
      }
}

beforeAll(async () => {
  const { allSamples } = await import("../../src/verify/all.ts");
  const { tellingAlso } = await import("../../src/verify/jobs.ts");
  const { gradientGraph } = await import("../../src/verify/gradient.ts");
  const { traitsToVerify } = await import("../../src/verify/run.ts");
  const { randomSource } = await import("../../src/random.ts");
  const { nodesOf } = await import("../../src/program/order.ts");
  const { traitsOf } = await import("../../src/gpu/device.ts");
  const { fakeDevice } = await import("../support/fake-device.ts");
  const least = traitsOf(fakeDevice());
  const all = [least, { ...least, subgroups: { min: 4, max: 128 } }].flatMap((traits) => traitsToVerify(traits).slice(1));

  const listed = new Set(allSamples.map(({ op }) => op.name));
  for (const entry of allSamples) {
    const traits = all.flatMap((one) => tellingAlso(entry, one));
    for (const sample of entry.samples(randomSource(0, entry.op.name))) {
      const inputs = sample.inputs.map(({ shape, dtype = "f32" as const }) => ({ shape, dtype }));
      plan(
        entry.op as never,
        { inputs, outputs: entry.op.shape(inputs, sample.attributes), attributes: sample.attributes as never },
        traits,
      );
      const graph = gradientGraph(entry, sample, [], "coverage");
      for (const { op, ...call } of nodesOf((graph?.gradients ?? []).filter((one) => one !== undefined)))
        if (!listed.has(op.name)) plan(op as never, call as never, all);
    }
  }
  for (const path of files("src/ops", ".ts"))
    for (const value of Object.values((await import(/* @vite-ignore */ root + path)) as Record<string, unknown>))
      if (isOp(value)) opNames.set(value, path);

  // What the planner puts into the programs of the proofs counts as reached, too.
  for (const op of opNames.keys())
    for (const variant of op.kernels as unknown as { name: string; plan: (...given: unknown[]) => unknown }[]) {
      const planOf = variant.plan;
      variant.plan = (...given) => {
        const names = reached.get(op) ?? new Set();
        reached.set(op, names.add(variant.name));
        return planOf.apply(variant, given);
      };
    }

  const { Gpu: GpuClass } = await import("../../src/gpu/gpu.ts");
  const { Engine } = await import("../../src/program/engine.ts");
  const { allProofs } = await import("../../src/verify/proofs.ts");
  pretendBrowser();
  for (const software of [true, false]) {
    const device = fakeDevice();
    const gpu = new GpuClass(device, false, { software, subgroups: { min: 4, max: 128 } }) as unknown as Gpu;
    for (const proof of allProofs) {
      const engine = await Engine.create({ device, selfTest: false, traits: gpu.traits });
      const missing = proof.missing?.(gpu) ?? {};
      const cases = proof.cases();
      unreachedOfProofs.push(
        ...proof.variants
          .filter((name) => name in missing || !cases.some(({ variant }) => variant === name))
          .map((name) => `${proof.name}: ${name}`),
      );
      // Their values are wrong here, and some end in an error; what they ask for is seen.
      for (const one of cases) await one.run({ gpu, traits: gpu.traits, engine }).catch(() => {});
      engine.dispose();
    }
  }
}, 120_000);

afterAll(() => {
  vi.doUnmock("wgsl-preprocessor/wgsl-preprocessor.js");
  for (const path of files("shaders", ".wgsl.ts")) vi.doUnmock(root + path);
  vi.resetModules();
  vi.unstubAllGlobals();
});

const isOp = (value: unknown): value is Op<never> =>
  typeof value === "object" && value !== null && "kernels" in value && "reference" in value && "gradient" in value && "shape" in value;

/** The classes that images come from, as far as the reader and the writer look at them. */
function pretendBrowser(): void {
  const of = (tag: string) =>
    class {
      readonly [Symbol.toStringTag] = tag;
      readonly data = new Uint8ClampedArray(4);
      width = 1;
      height = 1;
      getContext() {
        return null;
      }
      close() {}
    };
  for (const tag of ["ImageData", "OffscreenCanvas", "VideoFrame"]) vi.stubGlobal(tag, of(tag));
  vi.stubGlobal("createImageBitmap", async () => new (of("ImageBitmap"))());
}

/** Options that have one value wherever the shader is used, with the reason. */
const ALWAYS: Readonly<Record<string, string>> = {
  "conv_gather.wgsl.ts pairs": "it is left out where it is not true",
  "rnn_registers.wgsl.ts inPlace": "the state takes the addend's buffer from H = 65 on, which is too much for registers",
};

const oneSided = (map: Map<string, Set<boolean>>): string[] =>
  [...map].filter(([key, values]) => values.size < 2 && !(key in ALWAYS)).map(([key, values]) => `${key}: always ${[...values]}`);

describe("unroll verify reaches", () => {
  test("every function of every shader that a program, a reader or a writer can run", () => {
    expect([...wanted].filter((name) => functions.has(name) && !called.has(name))).toEqual([]);
    expect(
      [...wanted].filter((name) => !loaded.has(name)),
      "in shaders that nothing loads",
    ).toEqual([]);
  });

  test("every shader of the folder, or it is used by nothing", () => {
    const names = files("shaders", ".wgsl.ts").filter((path) => !path.startsWith("shaders/lib/"));
    expect(names.length).toBeGreaterThan(50);
    expect(names.map((path) => path.replace("shaders/", "")).filter((file) => !used.has(file))).toEqual([]);
  });

  test("both sides of every condition in the shaders, and both values of every option that is true or false", () => {
    expect(conditions.size).toBeGreaterThan(60);
    expect(oneSided(conditions)).toEqual([]);
    expect(oneSided(options)).toEqual([]);
  });

  test("every variant of every op", () => {
    expect(opNames.size).toBeGreaterThan(80);
    const missing = [...new Set([...opNames.keys(), ...reached.keys()])].flatMap((op) =>
      op.kernels
        .filter(({ name }) => !reached.get(op)?.has(name))
        .map(({ name }) => `${op.name} (${opNames.get(op) ?? "in a gradient"}): ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test("every variant of what is proven besides", () => {
    expect(unreachedOfProofs).toEqual([]);
  });
});
