import { expect, test } from "vitest";
import { ratioOfMedians } from "../../../src/bench/statistics.ts";
import { randomSource } from "../../../src/random.ts";

/** How often the interval of a ratio holds the ratio from which samples were drawn. */
export function coverageTests(count: number): void {
  test("the interval holds the true ratio in about 95 of 100 cases", () => {
    const random = randomSource(0, "coverage");
    const draw = (median: number) => Array.from({ length: 15 }, () => median * Math.exp(0.1 * random.normal()));
    let holds = 0;
    for (let i = 0; i < count; i++) {
      const { low, high } = ratioOfMedians(draw(1), draw(1.3));
      if (low <= 1.3 && 1.3 <= high) holds++;
    }
    expect(holds / count).toBeGreaterThan(0.9);
    expect(holds / count).toBeLessThan(1);
  });

  test("also where a round is slow or fast as a whole, as machines are", () => {
    const random = randomSource(0, "rounds");
    const draw = (median: number) =>
      Array.from({ length: 5 }, () => {
        const mood = median * Math.exp(0.05 * random.normal());
        return Array.from({ length: 3 }, () => mood * Math.exp(0.02 * random.normal()));
      });
    let [byRound, byAll] = [0, 0];
    for (let i = 0; i < count; i++) {
      const [a, b] = [draw(1), draw(1.3)];
      const holds = ({ low, high }: { low: number; high: number }) => Number(low <= 1.3 && 1.3 <= high);
      byRound += holds(ratioOfMedians(a, b));
      byAll += holds(ratioOfMedians(a.flat(), b.flat()));
    }
    expect(byRound / count).toBeGreaterThan(0.9);
    expect(byAll / count).toBeLessThan(0.88); // what taking samples for independent would claim
  });
}
