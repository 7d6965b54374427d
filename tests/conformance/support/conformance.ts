import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine, type EngineOptions } from "../../../src/index.ts";
import { inPage } from "../../support/page.ts";
import { type Case, type CaseResult, fromJson, type Path, toJson } from "./case.ts";
import { judge } from "./compare.ts";
import { type Exception, keyOf, split } from "./exceptions.ts";
import { runCases, type Source } from "./run.ts";

/** Cases for one call of the page: enough that calls cost nothing, few enough that a hang is found. */
const BATCH = 80;

type Runner = (source: Source, cases: readonly Case[]) => Promise<CaseResult[]>;

const onReference: Runner = async (source, cases) => {
  const engine = await Engine.create({ reference: true });
  try {
    return await runCases(engine, source, cases);
  } finally {
    engine.dispose();
  }
};

const onGpu =
  (options: EngineOptions): Runner =>
  async (source, cases) => {
    const call = async (batch: readonly Case[], alone = false) =>
      fromJson<CaseResult[]>(await inPage<string>("tests/conformance/support/page.ts", "runOnGpu", source, toJson(batch), options, alone));
    const results: CaseResult[] = [];
    for (let i = 0; i < cases.length; i += BATCH) {
      const batch = cases.slice(i, i + BATCH);
      try {
        results.push(...(await call(batch)));
      } catch {
        // An error that nobody captured, or a crash: one by one, to see whose it is.
        for (const c of batch) results.push(...(await call([c], true).catch((error: unknown) => [{ error: String(error) }])));
      }
    }
    return results;
  };

interface Place {
  readonly name: string;
  readonly path: Path;
  readonly runner: Runner;
}
const places: readonly Place[] = [
  { name: "reference", path: "reference", runner: onReference },
  { name: "GPU", path: "gpu", runner: onGpu({}) },
  // The planner chooses other kernels for hardware than for the software adapter that tests mostly have.
  {
    name: "GPU with default limits and the kernels for hardware",
    path: "gpu",
    runner: onGpu({ defaultLimits: true, traits: { software: false } }),
  },
];

/** Defines the tests of one folder: each case on the reference and on the GPU, and that no case is left out unsaid. */
export function conformance(source: Source, cases: readonly Case[], exceptions: readonly Exception[], folder: string = source): void {
  const { run, excepted, faults } = split(cases, exceptions);
  const report: string[] = [];

  test(`${folder}: every case is run or excepted, and every exception is needed`, () => {
    expect(faults).toEqual([]);
    expect(run.length + excepted.reduce((n, e) => n + e.cases.length, 0)).toBe(cases.length);
    expect(run.length).toBeGreaterThan(0);
    expect(new Set(cases.map(keyOf)).size).toBe(cases.length);
  });

  for (const { name: place, path, runner } of places)
    describe(`${folder} on the ${place}`, () => {
      let results: CaseResult[] = [];
      const worst = { excess: 0, name: "" };
      beforeAll(async () => {
        results = await runner(source, run);
      }, 300_000);
      test.each(run.map((c, i) => [keyOf(c), c, i] as const))("%s", (name, c, i) => {
        const { worst: excess, fault } = judge(c, results[i], path);
        if (excess > worst.excess) Object.assign(worst, { excess, name });
        expect(fault).toBeUndefined();
      });
      afterAll(() => {
        report.push(`  worst error on the ${place}: ${worst.excess.toPrecision(2)} × its tolerance (${worst.name})`);
      });
    });

  afterAll(() => {
    const lines = excepted.map(({ exception, cases: out }) => `  ${out.length} cases ${exception.pattern}: ${exception.reason}`);
    console.log([`conformance ${folder}: ${run.length} of ${cases.length} cases run; not run:`, ...lines, ...report].join("\n"));
  });
}
