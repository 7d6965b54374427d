import { describe, expect, test } from "vitest";
import { inPage } from "../../support/page.ts";
import type { Extent } from "../../support/sweep.ts";
import { type Course, course } from "../pages/cnn.ts";

const PAGE = "tests/program/pages/cnn.ts";

/**
 * The most that |GPU − reference| / (1 + |reference|) may be. The GPU rounds each value to f32 (2^-24 = 6e-8 of it); what a step gets wrong
 * goes into the next, and momentum adds up ten of them. Seen on two sets of kernels: 1e-7 to 5e-6 (the variables behind a p-norm and a
 * normalisation, whose gradients are large). A wrong kernel, mask or statistic shows in the first steps, and by 1e-3 and more.
 */
const TOLERANCE = 2e-5;

const distance = (gpu: readonly number[], reference: readonly number[]): number =>
  reference.reduce((worst, right, i) => {
    const d = Math.abs(gpu[i] - right) / (1 + Math.abs(right));
    return Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(worst, d);
  }, 0);

type Run = readonly [network: string, optimizer: "sgd" | "adam"];

const DEVICES: readonly (readonly [string, object, readonly Run[]])[] = [
  [
    "kernels for software",
    {},
    [
      ["classifier", "sgd"],
      ["classifier", "adam"],
      ["images", "adam"],
      ["rows", "sgd"],
      ["globalAverage", "sgd"],
      ["globalLp", "sgd"],
    ],
  ],
  [
    "kernels for hardware, default limits",
    { traits: { software: false }, defaultLimits: true },
    [
      ["classifier", "sgd"],
      ["classifier", "adam"],
      ["images", "sgd"],
      ["rows", "adam"],
    ],
  ],
];

/** All runs, or every other one, on both kinds of device. */
export function courseTests(steps: number, extent: Extent): void {
  for (const [place, [device, options, runs]] of DEVICES.entries())
    describe(`networks with every layer for images and rows follow the reference for ${steps} steps: ${device}`, () => {
      test.each(runs.filter((_, i) => extent === "whole" || i % 2 === place))("%s, %s", async (name, optimizer) => {
        const gpu = await inPage<Course>(PAGE, "course", name, optimizer, steps, options);
        const reference = await course(name, optimizer, steps, { reference: true });
        expect(Object.keys(gpu.variables)).toEqual(Object.keys(reference.variables));
        const distances = {
          losses: distance(gpu.losses, reference.losses),
          norms: distance(gpu.norms, reference.norms),
          ...Object.fromEntries(Object.entries(reference.variables).map(([key, values]) => [key, distance(gpu.variables[key], values)])),
          evaluated: distance([gpu.evaluated], [reference.evaluated]),
          scores: distance(gpu.scores, reference.scores),
        };
        const [where, worst] = Object.entries(distances).reduce((a, b) => (b[1] > a[1] ? b : a));
        console.log(
          `${name}, ${optimizer}: loss ${gpu.losses[0].toFixed(3)} → ${gpu.losses[steps - 1].toFixed(3)}, worst ${worst.toExponential(1)} (${where})`,
        );
        // That it learns, and that what is compared changes.
        expect(gpu.losses[steps - 1]).toBeLessThan(gpu.losses[0]);
        expect(worst, where).toBeLessThan(TOLERANCE);
      });
    });
}
