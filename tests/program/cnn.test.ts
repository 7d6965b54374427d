import { expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { Course } from "./pages/cnn.ts";
import { courseTests } from "./sweeps/cnn.ts";

const PAGE = "tests/program/pages/cnn.ts";

courseTests(8, "part");

test("the same course twice gives the same bits, statistics and all", async () => {
  const [first, second] = [
    await inPage<Course>(PAGE, "course", "classifier", "adam", 5),
    await inPage<Course>(PAGE, "course", "classifier", "adam", 5),
  ];
  expect(second).toEqual(first);
});

for (const reference of [false, true])
  test(`a loss that is not finite leaves running statistics as they were, on the ${reference ? "reference" : "GPU"}`, async () => {
    type Statistics = { code?: string; before: number[]; after: number[]; next: number[] };
    const { code, before, after, next } = await inPage<Statistics>(PAGE, "nonFiniteStatistics", reference);
    expect(code).toBe("non-finite");
    expect(after).toEqual(before);
    expect(next).not.toEqual(before);
  });
