import { expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { PoolSpeed } from "./pages/pool.ts";

test("pooling moves its bytes at least at 60 % of the rate of a copy", { retry: 2 }, async () => {
  const rows = await inPage<PoolSpeed[]>("tests/gpu/pages/pool.ts", "poolSpeed", 5);
  for (const { name, ms, share, gigabytes } of rows)
    console.log(
      `${name.padEnd(18)} ${ms.toFixed(2)} ms  ${gigabytes.toFixed(2)} GB/s  ${(100 * share).toFixed(0)} % of a copy of as many bytes`,
    );
  expect(rows.map(({ name }) => name)).toEqual(["max forward", "max backward", "average forward", "average backward"]);
  for (const { name, share } of rows) expect(share, name).toBeGreaterThan(0.6);
});
