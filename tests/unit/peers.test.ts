import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import type { BenchResult } from "../../src/bench/schema.ts";
import { distribution } from "../../src/bench/statistics.ts";
import { permuted, rowsFirst, rowsLast } from "../peers/layout.ts";
import { type Compared, compareOutputs, doubtOwn, TOLERANCE } from "../peers/outputs.ts";
import { formatRow, formatSummary, geometricMean, ratioOf } from "../peers/table.ts";
import { targetOf, targets } from "../peers/targets.ts";
import { COLD, rows, wanted } from "../peers/works.ts";
import { root } from "../support/build.ts";

const result = (subject: string, ms: number | undefined, missing?: string): BenchResult => ({
  suite: "peers",
  name: "matmul 512",
  subject,
  check: { ok: true, against: "unroll" },
  ...(ms === undefined ? {} : { wall: distribution([ms], 1), dispatches: 1, submits: 1 }),
  ...(missing ? { missing } : {}),
});

describe("peers: outputs", () => {
  const ours = { y: Float32Array.of(1, -2, 3, 0) };

  test("another order of summation is let through", () => {
    const check = compareOutputs(ours, { y: Float32Array.of(1.00001, -2, 3.00001, 1e-6) }, TOLERANCE);
    expect(check.ok).toBe(true);
    expect(check.error).toBeLessThan(1);
  });

  test("a wrong value is refused and named, and so are NaN and missing values", () => {
    expect(compareOutputs(ours, { y: Float32Array.of(1, -2, 3.01, 0) }, TOLERANCE)).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^y\[2\] is 3.0\d+, not 3$/),
    });
    expect(compareOutputs(ours, { y: Float32Array.of(1, Number.NaN, 3, 0) }, TOLERANCE).ok).toBe(false);
    expect(compareOutputs(ours, { y: Float32Array.of(1, -2, 3) }, TOLERANCE).message).toBe("y has 3 values, not 4");
    expect(compareOutputs(ours, {}, TOLERANCE).message).toBe("y has no values, not 4");
  });

  test("where all is 0, all must be 0", () => {
    const zeros = { y: new Float32Array(4) };
    expect(compareOutputs(zeros, zeros, TOLERANCE).ok).toBe(true);
    expect(compareOutputs(zeros, ours, TOLERANCE).ok).toBe(false);
  });
});

describe("peers: doubt", () => {
  const own = (): Compared => ({ check: { ok: true, against: "none" } });
  const agrees: Compared = { check: { ok: true, against: "unroll" } };
  const differs: Compared = { check: { ok: false, against: "unroll", message: "y[0] is 1, not 2" }, missing: "wrong" };
  const absent: Compared = { check: { ok: true, against: "none" }, missing: "no gradients" };

  test("where no other library agrees, our own output gets no time", () => {
    const ours = own();
    doubtOwn(ours, [differs, absent, differs]);
    expect(ours).toEqual({
      check: { ok: false, against: "none", message: "no other library agrees: y[0] is 1, not 2" },
      missing: "wrong: no other library agrees",
    });
  });

  test.each([
    ["one of them agrees", [differs, agrees]],
    ["none gave an output", [absent]],
    ["there are none", []],
  ])("where %s, it is taken", (_, others) => {
    const ours = own();
    doubtOwn(ours, others);
    expect(ours).toEqual(own());
  });
});

describe("peers: layouts", () => {
  test("axes change places and back", () => {
    const values = { shape: [1, 2, 2, 3], data: Float32Array.from({ length: 12 }, (_, i) => i) };
    const first = permuted(values, [0, 3, 1, 2]);
    expect(first.shape).toEqual([1, 3, 2, 2]);
    expect([...first.data]).toEqual([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
    expect(permuted(first, [0, 2, 3, 1])).toEqual(values);
  });

  test("rows of LeNet's dense layer", () => {
    const W3 = { shape: [256, 10], data: Float32Array.from({ length: 2560 }, (_, i) => i) };
    expect(rowsLast(rowsFirst(W3))).toEqual(W3);
    expect(rowsFirst(W3).data[10]).toBe(160); // channel 0 of the second pixel
  });
});

describe("peers: table", () => {
  test("the ratio is to the fastest WebGPU peer", () => {
    const results = [result("unroll", 10), result("jax-js", 30), result("tfjs", 20), result("tfjs-wasm", 1)];
    expect(ratioOf("matmul 512", results)).toEqual({ name: "matmul 512", ratio: 2, best: "tfjs", target: 1.6 });
    expect(ratioOf("matmul 512", [result("unroll", 10), result("tfjs-wasm", 1)])).toBeUndefined();
    expect(geometricMean([1, 4, 16])).toBeCloseTo(4);
  });

  test("rows below their target are marked and listed, and what is missing has its reason", () => {
    const results = [result("unroll", 10), result("jax-js", 15), result("ort", undefined, "no gradients")];
    expect(formatRow("matmul 512", results)).toMatch(/10\.0 +15\.0 +n\/a +1\.50! +1 \(1\) · 1 \(1\)$/);
    expect(formatSummary(results)).toEqual([
      expect.stringContaining("1.50 over 1 rows"),
      "below their targets (! in the table):",
      "  matmul 512: 1.50, target 1.6 (best peer jax-js)",
      "without a time:",
      "  ort: no gradients (matmul 512)",
    ]);
  });

  test("every target is some row's, and names are unique", () => {
    const names = [...rows.map(({ name }) => name), COLD];
    expect(new Set(names).size).toBe(names.length);
    const used = new Set(names.map((name) => targets.find(([pattern]) => pattern.test(name))));
    for (const target of targets) expect(used, String(target[0])).toContain(target);
    expect(targetOf("max pool N8 56² 64")).toBe(1);
    expect(targetOf("max pool gradient N8 56² 64")).toBe(3);
  });

  test("rows are chosen by a part of their name", () => {
    expect(rows.filter(({ name }) => wanted(name, "lenet"))).toHaveLength(2);
    expect(rows.filter(({ name }) => wanted(name, /^conv2d gradients/))).toHaveLength(2);
  });
});

describe("peers: libraries", () => {
  const versions = { a: "1.2.3", b: "2.0.0" };
  async function suite(installed: Readonly<Record<string, string>>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "unroll-peers-test-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const packages: Record<string, object> = { "": { dependencies: { a: "^1", b: "^2" } } };
    for (const [name, version] of Object.entries(versions)) packages[`node_modules/${name}`] = { version };
    await writeFile(join(folder, "package-lock.json"), JSON.stringify({ packages }));
    for (const [name, version] of Object.entries(installed)) {
      await mkdir(join(folder, "node_modules", name), { recursive: true });
      await writeFile(join(folder, "node_modules", name, "package.json"), JSON.stringify({ name, version }));
    }
    return folder;
  }
  const load = async () => (await import(/* @vite-ignore */ pathToFileURL(`${root}tests/peers/install.js`).href)) as Installer;
  interface Installer {
    lacking(folder: string): readonly string[];
    install(folder: string, log: (line: string) => void): Promise<void>;
  }

  test("what is not there, or there in another version, is lacking", async () => {
    const { lacking } = await load();
    expect(lacking(await suite(versions))).toEqual([]);
    expect(lacking(await suite({ a: "1.2.3" }))).toEqual(["b"]);
    expect(lacking(await suite({ ...versions, a: "1.2.2" }))).toEqual(["a"]);
  });

  test("nothing is installed where all is there; where installing fails, one line says what to run", async () => {
    const { install } = await load();
    const lines: string[] = [];
    await install(await suite(versions), (line) => lines.push(line));
    expect(lines).toEqual([]);
    // without a package.json npm has nothing to install
    const error = await install(await suite({ a: "1.2.3" }), (line) => lines.push(line)).catch((it: Error) => it);
    expect(lines).toEqual(["installing b into tests/peers/node_modules: npm ci --prefix tests/peers"]);
    expect((error as Error).message).toMatch(/^the suite peers lacks b, and installing failed \(.+\); run npm ci --prefix tests\/peers$/);
  });
});
