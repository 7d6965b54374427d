import { test } from "vitest";
import { inPage } from "../support/page.ts";

test("perf", async () => {
  const out = await inPage<any>("tmp/perf-page.ts", "perf", 16, 40);
  const med = (a: number[]) => a.sort((x, y) => x - y)[a.length >> 1];
  const q1 = (a: number[]) => a.sort((x, y) => x - y)[a.length >> 2];
  for (const k of Object.keys(out))
    console.log(
      k,
      [0, 1, 2]
        .map((i) => `${med(out[k].map((v: number[]) => v[i])).toFixed(4)} (q1 ${q1(out[k].map((v: number[]) => v[i])).toFixed(4)})`)
        .join("  "),
    );
}, 300000);
