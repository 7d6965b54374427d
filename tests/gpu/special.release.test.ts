import { beforeAll, describe, expect, test } from "vitest";
import { launchNode } from "../../src/cli/runtime/node.ts";
import { requestDevice } from "../../src/gpu/device.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { allSamples } from "../../src/verify/all.ts";
import type { Target } from "../../src/verify/jobs.ts";
import { traitsToVerify } from "../../src/verify/run.ts";
import { verifySpecial } from "../../src/verify/special.ts";

/*
 * Every op with special values on Dawn in Node: on the SwiftShader of Chromium, or on the driver that VK_ICD_FILENAMES names (Mesa's
 * lavapipe). Kernels for software and for hardware, and every variant with a NaN at least once.
 */

let target: Target;

beforeAll(async () => {
  const { gpu } = await launchNode();
  const full = new Gpu(await requestDevice({ gpu }), true);
  target = { name: "native", gpu: full, traits: traitsToVerify(full.traits) };
});

describe("NaN, infinities, −0, subnormals and the largest numbers, on Dawn in Node", { timeout: 1_200_000 }, () => {
  for (const entry of allSamples)
    test(entry.op.name, async () => {
      const { cases, failures, unreached } = await verifySpecial([target], [entry], { share: 0.05, seed: 2 });
      console.log(`${entry.op.name}: ${cases} cases with special values`);
      expect(failures).toEqual([]);
      // ops on integers alone have nothing to be NaN
      const floats = entry.op.name !== "oneHot";
      if (floats) expect(unreached).toEqual([]);
    });
});
