import { expect, test } from "vitest";
import type { Kernel } from "../../../src/graph/kernel.ts";
import type { Call, Op } from "../../../src/graph/op.ts";
import { randomSource } from "../../../src/random.ts";
import { allSamples } from "../../../src/verify/all.ts";
import { nanDropped } from "../../support/nan-rules.ts";
import { type Extent, everyNth } from "../../support/sweep.ts";
import { hardwareTraits, softwareTraits } from "../../support/traits.ts";

/** Kernels of all variants that are allowed for the samples of each op, or for every fifth of them, each source once. */
function planned(extent: Extent): Map<string, Kernel> {
  const kernels = new Map<string, Kernel>();
  for (const entry of allSamples) {
    const op = entry.op as Op;
    const samples = entry.samples(randomSource(0, op.name));
    for (const { inputs, attributes } of extent === "whole" ? samples : everyNth(samples, 5, op.name)) {
      const types = inputs.map(({ shape, dtype = "f32" }) => ({ shape, dtype }));
      const call: Call = { inputs: types, outputs: op.shape(types, attributes as never), attributes };
      for (const device of [softwareTraits, hardwareTraits])
        for (const variant of op.kernels.filter((it) => it.allowed(call, device)))
          for (const inPlace of [undefined, ...(variant.inPlace?.(call) ?? [])])
            for (const { kernel } of variant.plan(call, device, inPlace).dispatches) kernels.set(kernel.wgsl, kernel);
    }
  }
  return kernels;
}

export function nanWgslTests(extent: Extent): void {
  test(`no kernel of any variant drops a NaN by what WGSL leaves open: ${extent} of the samples`, () => {
    const kernels = planned(extent);
    expect(kernels.size).toBeGreaterThan(300);
    const found = [...kernels].flatMap(([wgsl, { name }]) => nanDropped(wgsl).map((line) => `${name}: ${line}`));
    expect([...new Set(found)]).toEqual([]);
  });
}
