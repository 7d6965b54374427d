import { readFile, writeFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parseReport } from "../../src/bench/parse.ts";
import type { BenchReport } from "../../src/bench/schema.ts";
import { root } from "../support/build.ts";
import { browserArguments as browser, CommandLine } from "../support/command-line.ts";

const line = CommandLine.forAllTests();
const EXAMPLE = `${root}tests/examples/my-kernel.ts`;

/** The example with a change, as a file of its own. */
async function changed(name: string, from: string, to: string): Promise<string> {
  const text = await readFile(EXAMPLE, "utf8");
  expect(text).toContain(from);
  const file = `${line.folder}/${name}.ts`;
  await writeFile(file, text.replace(from, to));
  return file;
}

const load = async (file: string): Promise<BenchReport> => {
  const report: unknown = JSON.parse(await readFile(file, "utf8"));
  // as it is published
  const schema = JSON.parse(await readFile(`${line.package}/bench.schema.json`, "utf8"));
  const validate = new Ajv2020({ strict: false }).compile(schema);
  expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
  return parseReport(report);
};

describe.each(["chrome", "node"])("unroll bench in %s", (runtime) => {
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
    const report = await load(json);
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
    const file = await changed(`mistake-${runtime}`, "x[id.x] * x[id.x]", "x[id.x] * z[id.x]");
    const { code, err } = await line.run("bench", file, ...flags);
    expect(code).toBe(1);
    expect(err).toMatch(/kernel "square (32|256)" does not compile: .*z/);
    expect(err).toMatch(/^> +3 \| .*z\[id\.x\]/m);
  });
});

describe("unroll bench", () => {
  test("gives a wrong kernel no time, and ends with 1", async () => {
    const json = `${line.folder}/wrong.json`;
    const file = await changed("wrong", "x[id.x] * x[id.x];", "select(x[id.x] * x[id.x], 7.0, id.x == 1048573u);");
    const { code, out, err } = await line.run("bench", file, "--quick", ...browser, "--json", json);
    expect(code).toBe(1);
    expect(out).toMatch(/square 32 +WRONG: "y"\[1048573\] is 7 instead of/);
    expect(err).toContain("WRONG, so not timed: own: square");
    for (const { gpu, wall, check } of (await load(json)).results) {
      expect(check.ok).toBe(false);
      expect([gpu, wall]).toEqual([undefined, undefined]);
    }
  });

  test.each([
    [["bench", "no-such-file.ts"], 1, "there is no file no-such-file.ts"],
    [["bench", "--threshold", "much"], 2, '--threshold must be a number such as 0.1, not "much"'],
    [["bench", "--compare", "package.json"], 2, "this is no report of unroll bench"],
    [["bench", "--compare", "no-such-report.json"], 1, "no-such-report.json cannot be read"],
    [["bench", "--threshold", ""], 2, '--threshold must be a number such as 0.1, not ""'],
    [["bench", "--json", "tests"], 2, "tests cannot be written: it is a folder"],
    [["bench", "--html", ""], 2, "--html takes the name of a file"],
    [["bench", "add", "--quick", "--runtime", "node", "--adapter", "voodoo"], 1, "there is no such adapter"],
    [["bench", "--json", "no-such-folder/report.json"], 2, "no-such-folder/report.json cannot be written"],
    [["bench", "peers", "--runtime", "node"], 2, "the suite peers runs in chrome only"],
    [["bench", "--runtime", "firefox", "--browser-flag=--x"], 2, "--browser-flag is for chrome and node"],
    [["bench", "--adapter", "voodoo"], 2, "--adapter voodoo: known are low-power, high-performance, swiftshader"],
    [["bench", "no such row", "--quick", ...browser], 1, "nothing has a name that matches"],
    [["bench", "--runtime", "node", "a.ts", "b.ts"], 2, "one file with kernels at a time"],
  ])("%j is refused", async (args, expected, message) => {
    const { code, err } = await line.run(...args);
    expect(err).toContain(message);
    expect(code).toBe(expected);
  });

  test("a file that exports no kernels is told so", async () => {
    const file = `${line.folder}/nothing.ts`;
    await writeFile(file, "export const nothing = 1;\n");
    const { code, err } = await line.run("bench", file, "--quick", ...browser);
    expect(err).toContain("the file exports nothing that benchmark({ … }) made");
    expect(code).toBe(2);
  });
});
