import { readFile, writeFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parseReport } from "../../../src/bench/parse.ts";
import type { BenchReport } from "../../../src/bench/schema.ts";
import { root } from "../../support/build.ts";
import { browserArguments as browser, type CommandLine } from "../../support/command-line.ts";

const EXAMPLE = `${root}tests/examples/my-kernel.ts`;

/** The example with a change, as a file of its own. */
export async function changed(line: CommandLine, name: string, from: string, to: string): Promise<string> {
  const text = await readFile(EXAMPLE, "utf8");
  expect(text).toContain(from);
  const file = `${line.folder}/${name}.ts`;
  await writeFile(file, text.replace(from, to));
  return file;
}

export const loadReport = async (line: CommandLine, file: string): Promise<BenchReport> => {
  const report: unknown = JSON.parse(await readFile(file, "utf8"));
  // as it is published
  const schema = JSON.parse(await readFile(`${line.package}/bench.schema.json`, "utf8"));
  const validate = new Ajv2020({ strict: false }).compile(schema);
  expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
  return parseReport(report);
};

/** Benchmarks the kernels of the README in a runtime. */
export function exampleTests(line: CommandLine, runtime: "chrome" | "node"): void {
  describe(`unroll bench in ${runtime}`, () => {
    const flags = ["--runtime", runtime, "--quick", ...(runtime === "chrome" ? browser : [])];

    test("verifies, times and draws the kernels of the README's example", async () => {
      const [json, html] = [`${line.folder}/${runtime}.json`, `${line.folder}/${runtime}.html`];
      const { code, out, err } = await line.run("bench", EXAMPLE, ...flags, "--json", json, "--html", html);
      expect(err).not.toContain("WRONG");
      expect(code).toBe(0);
      expect(out).toMatch(/^adapter: .+\(software, no GPU\)/m);
      expect(out).toMatch(/^clock: timestamps in steps of/m);
      expect(out).toMatch(/^FMA peak: scalar \S+ GFLOP\/s, vec4/m);
      for (const name of ["square 32", "square 256"]) expect(out).toMatch(new RegExp(`^ +${name}  +\\S+  +\\S+–\\S+`, "m"));
      const report = await loadReport(line, json);
      expect(report.environment.runtime.name).toBe(runtime);
      expect(report.environment.adapter.software).toBe(true);
      if (runtime === "chrome") expect(report.environment.driver).toMatch(/vulkan|metal|d3d/);
      expect(report.environment.versions["unroll-gpu"]).toMatch(/^\d+\.\d+\.\d+/);
      expect(report.results.map(({ subject }) => subject).sort()).toEqual(["square 256", "square 32"]);
      for (const { gpu, wall, check, bytes } of report.results) {
        expect(check).toMatchObject({ ok: true, against: "reference" });
        expect(check.error).toBeLessThanOrEqual(1);
        expect(bytes).toBe(8 * 2 ** 20);
        expect(gpu?.median).toBeGreaterThan(0);
        expect(wall?.median).toBeGreaterThanOrEqual(0.9 * (gpu?.median ?? 0)); // the host waits for the GPU
        expect(gpu?.rounds).toEqual([2, 2, 2, 2]);
        expect(gpu?.samples).toHaveLength(8);
      }
      const page = await readFile(html, "utf8");
      expect(page).toMatch(/^<!doctype html>/i);
      expect(page).toContain("square 256");
    });

    test("a WGSL mistake is told with kernel, line and source", async () => {
      const file = await changed(line, `mistake-${runtime}`, "x[id.x] * x[id.x]", "x[id.x] * z[id.x]");
      const { code, err } = await line.run("bench", file, ...flags);
      expect(code).toBe(1);
      expect(err).toMatch(/kernel "square (32|256)" does not compile: .*z/);
      expect(err).toMatch(/^> +3 \| .*z\[id\.x\]/m);
    });
  });
}
