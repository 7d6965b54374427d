import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { VerifyReport } from "../../src/verify/schema.ts";
import { browserArguments, CommandLine } from "../support/command-line.ts";

const line = CommandLine.forAllTests();
const unroll = (...args: string[]) => line.run(...args);
const browser = browserArguments;

describe.each(["chrome", "node"])("unroll in %s", (runtime) => {
  test("info prints adapter, features and limits", async () => {
    const { code, out } = await unroll("info", "--runtime", runtime, ...browser);
    expect(out).toMatch(/^runtime: (chrome|node), .+/m);
    expect(out).toMatch(/^adapter: \S+/m);
    expect(out).toMatch(/maxComputeInvocationsPerWorkgroup +\d+/);
    expect(code).toBe(0);
  });

  test("verify proves an op and writes the report", async () => {
    const json = `${line.folder}/${runtime}.json`;
    const { code, out } = await unroll("verify", "--runtime", runtime, "--only", "trans*ose", "--json", json, ...browser);
    expect(out).toMatch(/^ok {3}transpose +\S+ of \S+ allowed/m);
    expect(out).toMatch(/^ops: +\d+ cases: 1 ops, every variant/m);
    expect(out).toMatch(/1 of 1 right in \d+ cases/);
    expect(code).toBe(0);
    const report = JSON.parse(await readFile(json, "utf8")) as VerifyReport;
    expect(report).toMatchObject({ schema: "unroll-verify/1", ok: true, runtime: { name: runtime } });
    expect(report.adapter.vendor).not.toBe("");
    for (const device of ["native", "default limits"]) expect(report.cases.some((it) => it.device === device)).toBe(true);
    expect(report.cases[0]).toMatchObject({ op: "transpose", face: "forward", ok: true, error: 0, bound: 0 });
    expect(report.cases[0].variant).toMatch(/./);
    expect(report.cases[0].inputs[0]).toMatch(/^f32\[/);
  });
});

describe("unroll says what is wrong", () => {
  test.each([
    [["verify", "--runtime", "safari"], 2, "known runtimes are chrome, firefox, node, deno"],
    [["verify", "--runtime", "firefox", "--browser", "/nowhere/firefox"], 1, "--browser names /nowhere/firefox, which is not a program"],
    [["verify", "--runtime", "deno", "--browser", "/nowhere/deno"], 1, "--browser names /nowhere/deno, which is not a program"],
    [["verify", "--browser", "/nowhere/chrome"], 1, "--browser names /nowhere/chrome, which is not a program"],
    [["verify", "--only", "transpose", "--only", "no such op"], 2, 'nothing has a name that matches "no such op"'],
    [["verify", "--only", "rnnWalkk"], 2, '"rnnWalkk"; near it: rnnWalk'],
    [["verify", "--browser", "/tmp"], 1, "--browser names /tmp, which is not a program"],
    [["info", "--json", "no-such-folder/info.json", "--browser", "/nowhere/chrome"], 2, "no-such-folder is not there"],
    [["verify", "--json", "tests", "--browser", "/nowhere/chrome"], 2, "tests cannot be written: it is a folder"],
    [["verify", "--json", "package.json/x", "--browser", "/nowhere/chrome"], 2, "package.json is no folder"],
    [["export", "no-such-script.ts", "--out", "no-such-folder/x.json"], 2, "no-such-folder is not there"],
    [["info", "--timeout", "soon"], 2, '--timeout must be a number of seconds, such as 600, not "soon"'],
    [["bench", "--timeout=-1"], 2, '--timeout must be a number of seconds, such as 600, not "-1"'],
    [["frobnicate"], 2, 'there is no command "frobnicate"'],
    [["verify", "--frobnicate"], 2, "--frobnicate"],
  ])("%j", async (args, expected, message) => {
    const { code, err } = await unroll(...args);
    expect(err).toContain(message);
    expect(code).toBe(expected);
  });

  test("verify says what a runtime cannot do", async () => {
    const { code, out } = await unroll("verify", "--runtime", "node", "--only", "image reader");
    expect(out).toMatch(/^images: +\d+ cases: image reader/m);
    expect(out).toMatch(/^not proven here: image reader: VideoFrame, where it lies: this runtime has no VideoFrame$/m);
    expect(code).toBe(0);
  });

  test("help", async () => {
    const { code, out } = await unroll("--help");
    expect(out).toContain("unroll verify");
    expect(code).toBe(0);
  });
});
