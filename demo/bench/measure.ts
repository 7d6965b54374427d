import { BENCH_SCHEMA, type BenchReport, type BenchResult } from "../../src/bench/index.ts";

/*
 * STUB, to be deleted at the merge: `runBench` is written in src/bench/index.ts meanwhile. It measures nothing and says so; tab.ts
 * then imports runBench from there.
 */

export interface BenchOptions {
  readonly suites?: readonly string[];
  readonly quick?: boolean;
  readonly signal?: AbortSignal;
  onProgress?(progress: { done: number; total: number; name: string }): void;
  onReport?(partial: BenchReport): void;
}

export async function runBench({ suites = [], signal, onProgress, onReport }: BenchOptions): Promise<BenchReport> {
  const results: BenchResult[] = [];
  const report = (): BenchReport => ({
    schema: BENCH_SCHEMA,
    date: new Date().toISOString(),
    environment: {
      adapter: { vendor: "", architecture: "", device: "", description: "stub: nothing is measured", software: true },
      features: [],
      limits: {},
      userAgent: navigator.userAgent,
      runtime: { name: "page", choice: "page" },
      flags: [],
      versions: {},
    },
    clock: { kind: "wall", wallGrainNanoseconds: 5000 },
    roofline: {
      fma: { scalar: 13e9, vec4: 34e9 },
      memory: [16, 256, 4096, 65536].map((kib, i) => ({ workingSetBytes: kib * 1024, bytesPerSecond: (4 - i) * 1e10 })),
      workgroupBytesPerSecond: 1e10,
      barrierNanoseconds: 400,
      dispatchMicroseconds: 7,
      submitMicroseconds: 180,
      readbackMicroseconds: 400,
    },
    results: [...results],
  });
  const work = suites.flatMap((suite) => Array.from({ length: 6 }, (_, i) => ({ suite, name: `stub row ${i}` })));
  for (const [done, { suite, name }] of work.entries()) {
    if (signal?.aborted) return { ...report(), incomplete: true };
    onProgress?.({ done, total: work.length, name: `${suite}: ${name}` });
    await new Promise((resolve) => setTimeout(resolve, 150));
    const ms = 2 ** done / 10;
    const wall = { samples: [ms], median: ms, p10: 0.95 * ms, p90: 1.1 * ms, repeats: 1 };
    results.push({ suite, name, subject: "stub", check: { ok: true, against: "none" }, wall, flops: 1e5 * 4 ** done, bytes: 1e6 });
    onReport?.(report());
  }
  return report();
}
