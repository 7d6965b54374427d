import { describe, expect, test } from "vitest";
import type { BenchReport } from "../../src/bench/schema.ts";
import { inPage } from "../support/page.ts";

const PAGE = "tests/gpu/pages/bench.ts";

interface Ratios {
  readonly clock: string;
  readonly ratios: number[];
  readonly grains: BenchReport["clock"];
}

describe("the clock", () => {
  const factors = [2, 5];

  /** How near they come to the factors is printed: other work on the machine has a say in it. A clock that stands or jumps fails. */
  const expectOrder = (ratios: readonly number[]) => {
    console.log(
      `${factors.join(" and ")} times the iterations take ${ratios.map((ratio) => ratio.toFixed(2)).join(" and ")} times as long`,
    );
    expect(ratios[0]).toBeGreaterThan(1);
    expect(ratios[1]).toBeGreaterThan(ratios[0]);
  };

  test("by timestamps: more loop iterations take longer", async () => {
    const { clock, ratios, grains } = await inPage<Ratios>(PAGE, "loopRatios", factors, false);
    expect(clock).toBe("gpu");
    expectOrder(ratios);
    // the browser is started with developer features, which lift the 65,536 ns
    expect(grains.gpuGrainNanoseconds).toBeLessThan(1000);
    expect(grains.gpuGrainNanoseconds).toBeGreaterThan(0);
    expect(grains.wallGrainNanoseconds).toBeGreaterThan(0);
  });

  test("by the wall where a device has no timestamps", async () => {
    const { clock, ratios, grains } = await inPage<Ratios>(PAGE, "loopRatios", factors, true);
    expect(clock).toBe("wall");
    expect(grains).toMatchObject({ kind: "wall" });
    expect(grains.gpuGrainNanoseconds).toBeUndefined();
    expectOrder(ratios);
  });
});
