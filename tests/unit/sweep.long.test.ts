import { describe, expect, test } from "vitest";
import { randomSource } from "../../src/random.ts";
import { allSamples } from "../../src/verify/all.ts";
import { everyNth, part, reachOf } from "../support/sweep.ts";
import { softwareTraits } from "../support/traits.ts";

const traits = [softwareTraits, { ...softwareTraits, software: false }];

describe("the part of the samples that npm test proves", () => {
  let [chosen, all] = [0, 0];
  test.each(allSamples.map((entry) => [entry.op.name, entry] as const))("reaches all that the samples of %s reach", (_, entry) => {
    const samples = entry.samples(randomSource(0, entry.op.name));
    const some = part(entry, samples, traits);
    const reached = (list: typeof samples) => new Set(list.flatMap((sample) => reachOf(entry, sample, traits)));
    expect([...reached(samples)].filter((key) => !reached(some).has(key))).toEqual([]);
    chosen += some.length;
    all += samples.length;
  });

  test("is small, and the same each time", () => {
    expect(chosen).toBeLessThan(0.25 * all);
    const [entry] = allSamples;
    const samples = entry.samples(randomSource(0, "a"));
    expect(part(entry, samples, traits)).toEqual(part(entry, samples, traits));
    expect(everyNth([1, 2, 3, 4, 5, 6, 7], 3, "a")).toEqual(everyNth([1, 2, 3, 4, 5, 6, 7], 3, "a"));
    expect(everyNth([1], 3, "a")).toEqual([1]);
  });
});
