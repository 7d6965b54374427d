import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { browserArguments as browser, CommandLine } from "../support/command-line.ts";
import { changed, exampleTests, loadReport } from "./sweeps/bench-example.ts";

const line = CommandLine.forAllTests();

exampleTests(line, "chrome");

describe("unroll bench", () => {
  test("gives a wrong kernel no time, and ends with 1", async () => {
    const json = `${line.folder}/wrong.json`;
    const file = await changed(line, "wrong", "x[id.x] * x[id.x];", "select(x[id.x] * x[id.x], 7.0, id.x == 1048573u);");
    const { code, out, err } = await line.run("bench", file, "--quick", ...browser, "--json", json);
    expect(code).toBe(1);
    expect(out).toMatch(/square 32 +WRONG: "y"\[1048573\] is 7 instead of/);
    expect(err).toContain("WRONG, so not timed: own: square");
    for (const { gpu, wall, check } of (await loadReport(line, json)).results) {
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
