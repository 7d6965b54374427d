import { describe, expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { Large } from "./pages/large-images.ts";

const IMAGES = ["tests/gpu/pages/large-images.ts", "largeImages"] as const;
const ROWS = ["tests/gpu/pages/large-rows.ts", "largeRows"] as const;
const HARDWARE = { defaultLimits: true, traits: { software: false } };

/** Every op for images and classes; chosen elements are computed anew in f64, and sums over all of them. */
describe("20 million elements", { timeout: 300_000 }, () => {
  test.each([
    ["images, multiples of 4", IMAGES, true, {}, undefined],
    ["images, no multiples of 4, default limits", IMAGES, false, { defaultLimits: true }, undefined],
    ["rows, multiples of 4", ROWS, true, {}, undefined],
    ["rows, no multiples of 4, default limits", ROWS, false, { defaultLimits: true }, undefined],
    // A software GPU is slow at kernels that share workgroup memory: those whose plan is another one at this size.
    ["images, kernels for hardware, default limits", IMAGES, false, HARDWARE, ["max", "batch norm"]],
    ["rows, kernels for hardware, default limits", ROWS, true, HARDWARE, ["layer norm, long rows", "argmax"]],
  ] as const)("%s", async (_, [page, name], aligned, options, only) => {
    const { wrong, seconds } = await inPage<Large>(page, name, aligned, options, only);
    console.log(
      Object.entries(seconds)
        .map(([what, s]) => `${what} ${s} s`)
        .join(", "),
    );
    expect(wrong).toEqual([]);
    expect(Object.keys(seconds).length).toBe(only?.length ?? (page === IMAGES[0] ? 11 : 4));
  });
});
