import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { BenchReport, Distribution } from "../../src/bench/schema.ts";
import { browserArguments as browser, CommandLine } from "../support/command-line.ts";
import { changed, exampleTests, loadReport } from "./sweeps/bench-example.ts";

const line = CommandLine.forAllTests();

exampleTests(line, "node");

/** The same report, as if everything had taken `factor` times as long. */
const slower = (report: BenchReport, factor: number): BenchReport => {
  const scaled = (times?: Distribution) =>
    times && { ...times, samples: times.samples.map((ms) => factor * ms), median: factor * times.median };
  return { ...report, results: report.results.map((result) => ({ ...result, gpu: scaled(result.gpu), wall: scaled(result.wall) })) };
};

describe("unroll bench", () => {
  test("--compare finds what became slower, and ends with 1 then", async () => {
    const json = `${line.folder}/now.json`;
    const first = await line.run("bench", "add 1024", "--quick", ...browser, "--json", json);
    expect(first.code).toBe(0);
    expect(first.out).toMatch(/\* add vec4/);
    const report = await loadReport(line, json);
    const [fast, slow] = [`${line.folder}/fast.json`, `${line.folder}/slow.json`];
    await writeFile(fast, JSON.stringify(slower(report, 1 / 20)));
    await writeFile(slow, JSON.stringify(slower(report, 20)));
    const regression = await line.run("bench", "add 1024", "--quick", ...browser, "--compare", fast);
    expect(regression.out).toMatch(/^SLOWER .*add 1024×256, add vec4: .* ms, \S+× \(95 %: \S+× to \S+×\)/m);
    expect(regression.code).toBe(1);
    const gain = await line.run("bench", "add 1024", "--quick", ...browser, "--compare", slow, "--html", `${line.folder}/both.html`);
    expect(gain.out).toMatch(/^FASTER .*add vec4/m);
    expect(gain.out).toMatch(/0 slower or broken/);
    expect(gain.code).toBe(0);
    expect(await readFile(`${line.folder}/both.html`, "utf8")).toContain("Comparison");
    const nothing = await line.run("bench", "tanh 1024", "--quick", ...browser, "--compare", json);
    expect(nothing.err).toContain("nothing was compared");
    expect(nothing.code).toBe(1);
  });

  test("what a file exports twice is measured once", async () => {
    const file = await changed(line, "twice", "export const squares =", "const squares =");
    await writeFile(file, `${await readFile(file, "utf8")}\nexport { squares, squares as default };\n`);
    const { code, out } = await line.run("bench", file, "--quick", ...browser);
    expect(out).toMatch(/^ +square 32 +\d/m);
    expect(code).toBe(0);
  });

  test("a cold start has its parts", async () => {
    const json = `${line.folder}/start.json`;
    const { code } = await line.run("bench", "start", "--quick", ...browser, "--json", json);
    expect(code).toBe(0);
    const [leNet, rnn] = (await loadReport(line, json)).results;
    // each in a browser of its own
    for (const { parts } of [leNet, rnn])
      expect(parts?.map(({ name }) => name)).toEqual(["module load", "device", "pipeline compilation", "first result"]);
    for (const { parts = [], wall } of [leNet, rnn])
      expect(wall?.median).toBeCloseTo(
        parts.reduce((sum, { ms }) => sum + ms, 0),
        0,
      );
  });

  test("Ctrl-C prints what is done and leaves nothing behind", async () => {
    const { code, out, started, left } = await line.interrupt(["bench", "kernels", "add", ...browser], /\b[2-9] of \d+: kernels/, "SIGINT");
    expect(out).toContain("interrupted; what was done:");
    expect(out).toMatch(/add (vec4|scalar) +\d/);
    expect(code).toBe(130);
    expect(started.length).toBeGreaterThan(2);
    expect(left).toEqual([]);
  });

  test("killed in the middle it leaves no browser behind", async () => {
    const { started, left } = await line.interrupt(["bench", "kernels", "add", ...browser], /\b[1-9] of \d+: kernels/, "SIGKILL");
    expect(started.length).toBeGreaterThan(2);
    expect(left).toEqual([]);
  });

  // a process of its own runs this suite
  test("Ctrl-C and a kill end the suite peers as well", async () => {
    const json = `${line.folder}/peers.json`;
    const args = ["bench", "peers", "matmul 256", "matmul 512", "--quick", ...browser, "--json", json];
    const { code, out, started, left } = await line.interrupt(args, /^matmul 256/m, "SIGINT");
    expect(out).toContain("interrupted: what is being measured is the last");
    expect(code).toBe(130);
    const { incomplete, results } = await loadReport(line, json);
    expect(incomplete).toBe(true);
    expect(results.find(({ name, subject }) => name === "matmul 256" && subject === "unroll")?.wall?.median).toBeGreaterThan(0);
    expect(started.length).toBeGreaterThan(3);
    expect(left).toEqual([]);
    // a row that takes long
    const killed = await line.interrupt(["bench", "peers", "RNN training step T128", ...browser], /^ms \(median\)/m, "SIGKILL");
    expect(killed.started.length).toBeGreaterThan(3);
    expect(killed.left).toEqual([]);
  });
});
