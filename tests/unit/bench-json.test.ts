import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, expectTypeOf, test } from "vitest";
import { benchJsonSchema } from "../../src/bench/json-schema.ts";
import { parseReport } from "../../src/bench/parse.ts";
import type { BenchReport } from "../../src/bench/schema.ts";
import { UnrollError } from "../../src/errors.ts";
import { randomSource } from "../../src/random.ts";
import { sampleReport } from "../support/bench-report.ts";

const validate = new Ajv2020({ strict: true }).compile(benchJsonSchema);

/** The message with which something is refused. */
function refusal(source: unknown): string {
  try {
    parseReport(source);
  } catch (error) {
    expect(error).toBeInstanceOf(UnrollError);
    expect(error).toMatchObject({ code: "argument" });
    return (error as UnrollError).message;
  }
  throw new Error("it was taken");
}

const json = (): Record<string, unknown> => JSON.parse(JSON.stringify(sampleReport()));

type Json = Record<string, unknown> | unknown[];
/** Every place of a JSON value, as its container and key. */
function places(value: unknown): (readonly [Json, string])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).flatMap((key) => [[value as Json, key] as const, ...places((value as Record<string, unknown>)[key])]);
}

describe("the published schema", () => {
  test("takes complete, partial and bare reports", () => {
    for (const report of [sampleReport(), sampleReport({ software: false, roofline: false }), sampleReport({ partial: true })]) {
      expect(validate(JSON.parse(JSON.stringify(report))), JSON.stringify(validate.errors)).toBe(true);
      expect(parseReport(JSON.stringify(report))).toEqual(JSON.parse(JSON.stringify(report)));
    }
    expect(validate({ ...json(), results: [], addedLater: 3 })).toBe(true);
  });

  test("refuses what is broken", () => {
    const report = sampleReport();
    const { results, environment, clock, roofline } = report;
    const [first] = results;
    const wrong: readonly object[] = [
      { ...report, schema: "unroll-bench/2" },
      { ...report, date: 20261125 },
      { ...report, environment: { ...environment, adapter: { ...environment.adapter, software: "yes" } } },
      { ...report, environment: { ...environment, versions: { unroll: 1 } } },
      { ...report, environment: { ...environment, limits: { maxBufferSize: "big" } } },
      { ...report, environment: { ...environment, flags: "--all" } },
      { ...report, clock: { ...clock, kind: "sun" } },
      { ...report, roofline: { ...roofline, fma: { vec4: 1 } } },
      { ...report, roofline: { ...roofline, memory: [{ workingSetBytes: 1 }] } },
      { ...report, results: first },
      ...[
        { check: { ok: true } },
        { check: { ok: true, against: "me" } },
        { gpu: { ...first.gpu, p90: null } },
        { gpu: { ...first.gpu, repeats: 0 } },
        { gpu: { ...first.gpu, samples: ["1"] } },
        { wall: 12 },
        { flops: -1 },
        { dispatches: 1.5 },
        { submits: "one" },
        { parts: [{ name: "module" }] },
        { missing: true },
        { chosen: 1 },
      ].map((part) => ({ ...report, results: [{ ...first, ...part }] })),
    ];
    for (const broken of wrong) {
      expect(validate(JSON.parse(JSON.stringify(broken))), JSON.stringify(broken).slice(0, 200)).toBe(false);
      refusal(broken);
    }
  });

  test("requires exactly the names that the type requires", () => {
    type Required<T> = { [K in keyof T]-?: undefined extends T[K] ? never : K }[keyof T];
    expectTypeOf<(typeof benchJsonSchema.required)[number]>().toEqualTypeOf<Required<BenchReport>>();
    type Item = typeof benchJsonSchema.properties.results.items;
    expectTypeOf<Item["required"][number]>().toEqualTypeOf<Required<BenchReport["results"][number]>>();
    type Probes = typeof benchJsonSchema.properties.roofline;
    expectTypeOf<Probes["required"][number]>().toEqualTypeOf<Required<NonNullable<BenchReport["roofline"]>>>();
    type Machine = typeof benchJsonSchema.properties.environment;
    expectTypeOf<Machine["required"][number]>().toEqualTypeOf<Required<BenchReport["environment"]>>();
  });

  test("and the parser agree on what is broken, wherever it is broken", () => {
    const { uniform } = randomSource(7);
    const values = [null, "text", -1, 1.5, true, [], {}, [1], { ok: 1 }];
    let refused = 0;
    for (let round = 0; round < 600; round++) {
      const report = json();
      report.results = (report.results as unknown[]).slice(0, 8); // the others are alike
      const all = places(report).filter(([, key]) => key !== "schema");
      const [container, key] = all[Math.floor(uniform() * all.length)];
      if (uniform() < 0.4 && !Array.isArray(container)) delete container[key];
      else (container as Record<string, unknown>)[key] = values[Math.floor(uniform() * values.length)];
      const valid = validate(report);
      if (valid) expect(() => parseReport(report)).not.toThrow();
      else expect(refusal(report)).toMatch(/^this report of unroll bench (is damaged|has no results)/);
      refused += Number(!valid);
    }
    expect(refused).toBeGreaterThan(200);
    expect(refused).toBeLessThan(590);
  });
});

describe("a file that is no report is refused in words", () => {
  const report = json();
  const row = { suite: "a", name: "b", subject: "c", check: { ok: true, against: "none" } };
  test.each<readonly [what: string, source: unknown, message: string]>([
    ["nothing", "", "it is not JSON (the file is empty)"],
    ["a page", "<!doctype html>", "it is not JSON (it looks like HTML; save the JSON instead)"],
    ["half a file", '{"schema": "unroll-ben', "it is not JSON ("],
    ["a list", "[1, 2]", 'it has no "schema" (a list)'],
    ["null", "null", 'it has no "schema" (null)'],
    ["an empty object", "{}", 'it has no "schema" (an object)'],
    ["another schema", '{"schema": "unroll-verify/1"}', 'but of "unroll-verify/1"'],
    ["a newer one", { ...report, schema: "unroll-bench/2" }, "is of a newer unroll (unroll-bench/2; this one reads unroll-bench/1)"],
    ["an older one", { ...report, schema: "unroll-bench/0" }, "is of a version that is no longer read"],
    ["one without a number", { ...report, schema: "unroll-bench" }, "is of a version that is no longer read"],
    ["no results", { ...report, results: undefined }, "has no results: its file may have been cut off"],
    ["no results at all", { schema: "unroll-bench/1", date: "" }, "has no results: its file may have been cut off"],
    ["a result without a check", { ...report, results: [row, { ...row, check: undefined }] }, "is damaged: results[1].check is missing"],
    ["another clock", { ...report, clock: { kind: "sun", wallGrainNanoseconds: 1 } }, 'clock.kind should be one of gpu, wall, not "sun"'],
    ["a number for a name", { ...report, results: [{ ...row, name: 5 }] }, "results[0].name should be text, not 5"],
    ["a negative time", { ...report, results: [{ ...row, flops: -5 }] }, "results[0].flops should be at least 0, not -5"],
  ])("%s", (_, source, message) => {
    expect(refusal(source)).toContain(message);
  });

  test("a mark at the beginning of the file is no harm", () => {
    expect(parseReport(`\uFEFF${JSON.stringify(report)}`)).toEqual(report);
  });
});
