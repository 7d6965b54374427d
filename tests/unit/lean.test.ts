import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { leanSource } from "../../src/build/lean/lean.ts";
import { fakeDevice } from "../support/fake-device.ts";
import { loadPackage, typecheck, writeLeanSources } from "../support/lean.ts";
import { misuse, outcome, wrongCalls } from "../support/misuse.ts";
import { leanBuildTests } from "./sweeps/lean-builds.ts";

const folder = await mkdtemp(join(tmpdir(), "unroll-lean-"));
const folders = [folder];
afterAll(() => Promise.all(folders.map((path) => rm(path, { recursive: true, force: true }))));
const [whole, lean] = [await loadPackage(false, folder), await loadPackage(true, folder)];

/** What TypeScript says of the lean sources, in which types and objects have lost the faces that only the proof needs. */
async function checked(): Promise<string> {
  const written = await writeLeanSources();
  folders.push(written);
  return typecheck(written);
}

describe("the sources of the lean package", () => {
  test("need nothing that was taken away", async () => {
    expect(await checked()).toBe("");
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

leanBuildTests("part", whole, lean);

describe("a wrong call gives the same code in both builds", async () => {
  const make = async ({ api }: typeof whole) => {
    const engine = () => api.Engine.create({ device: fakeDevice(), selfTest: false });
    return { api, ...(await misuse(api, await engine(), engine)) };
  };
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
