import { describe, expect, test } from "vitest";
import type { Kernel } from "../../../src/graph/kernel.ts";
import type { Call, DeviceTraits, Op } from "../../../src/graph/op.ts";
import { randomSource } from "../../../src/random.ts";
import { allSamples } from "../../../src/verify/all.ts";
import type { Sample } from "../../../src/verify/sample.ts";
import { type Extent, everyNth } from "../../support/sweep.ts";

export const uncommented = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/(^|\s)\/\/[^\n]*/g, "$1");

const least: DeviceTraits = {
  software: false,
  f16: false,
  maxWorkgroupStorage: 16384,
  maxInvocations: 256,
  maxWorkgroupSizeX: 256,
  maxStorageBuffers: 8,
  maxBindingBytes: 2 ** 27,
  walkFlops: 5e10,
};
const subgroups = (min: number, max: number): DeviceTraits["subgroups"] => ({ min, max });

const WITHOUT_SUBGROUPS: readonly DeviceTraits[] = [least, { ...least, software: true, walkFlops: 6e9 }];
// SwiftShader, lavapipe, NVIDIA, Intel, AMD; and what a browser may say that does not know
const WITH_SUBGROUPS = [subgroups(4, 4), subgroups(8, 8), subgroups(32, 32), subgroups(8, 32), subgroups(32, 64), subgroups(4, 128)];
const TOO_SMALL = [subgroups(1, 1), subgroups(1, 128), subgroups(2, 2)];

/** Words that naga reserves beyond WGSL's, and that Tint lets pass. */
const RESERVED = new Set(
  "CompileShader ComputeShader DomainShader GeometryShader Hullshader binding_array handle i64 inout signed u64".split(" "),
);

const everything: DeviceTraits = { ...least, software: true, f16: true, subgroups: subgroups(4, 128), maxInvocations: 1024 };

const needsSubgroups = ({ wgsl }: Kernel): boolean => /\bsubgroup|\bquad[A-Z]/.test(uncommented(wgsl));

/** The kernels that are planned for all samples of each op, or for every fifth. */
export function portabilityTests(extent: Extent): void {
  const some = (samples: readonly Sample[], name: string) => (extent === "whole" ? samples : everyNth(samples, 5, name));
  const calls = allSamples.map(({ op, samples }) => ({
    op: op as Op,
    calls: some(samples(randomSource(0, op.name)), op.name).map(({ inputs, attributes }): Call => {
      const types = inputs.map(({ shape, dtype = "f32" }) => ({ shape, dtype }));
      return { inputs: types, outputs: op.shape(types, attributes as never), attributes };
    }),
  }));

  /** Kernels of all variants that are allowed for any of the samples of any op, each source once, with the number of variants of a call. */
  function planned(traits: DeviceTraits): { kernels: Kernel[]; stranded: string[] } {
    const kernels = new Map<string, Kernel>();
    const stranded: string[] = [];
    for (const { op, calls: list } of calls)
      for (const call of list) {
        const allowed = op.kernels.filter((variant) => variant.allowed(call, traits));
        if (allowed.length === 0 && op.kernels.length > 0) stranded.push(`${op.name} ${JSON.stringify(call.inputs)}`);
        for (const variant of allowed)
          for (const inPlace of [undefined, ...(variant.inPlace?.(call) ?? [])])
            for (const { kernel } of variant.plan(call, traits, inPlace).dispatches) kernels.set(kernel.wgsl, kernel);
      }
    return { kernels: [...kernels.values()], stranded };
  }

  test("no kernel uses a word that naga alone reserves", () => {
    const found = [least, everything].flatMap((traits) =>
      planned(traits).kernels.flatMap(({ name, wgsl }) =>
        [...new Set(uncommented(wgsl).match(/(?<![@\w])[A-Za-z_]\w*/g))]
          .filter((word) => RESERVED.has(word))
          .map((word) => `${name}: ${word}`),
      ),
    );
    expect([...new Set(found)]).toEqual([]);
  });

  describe("on a device with the default limits", () => {
    test.each(WITHOUT_SUBGROUPS)("every call has a variant, and none exceeds them: software $software", (traits) => {
      const { kernels, stranded } = planned(traits);
      expect(stranded).toEqual([]);
      expect(kernels.length).toBeGreaterThan(100);
      for (const { name, wgsl, bindings } of kernels) {
        const size = /@workgroup_size\(([^)]+)\)/.exec(wgsl)?.[1].split(",").map(Number) ?? [];
        expect(size.length, `${name}: @workgroup_size in numbers`).toBeGreaterThan(0);
        expect(
          size.reduce((product, n) => product * n, 1),
          name,
        ).toBeLessThanOrEqual(256);
        expect(Object.keys(bindings).length, name).toBeLessThanOrEqual(8);
      }
    });
  });

  describe("subgroups", () => {
    test.each([...WITHOUT_SUBGROUPS, ...TOO_SMALL.map((sizes) => ({ ...least, software: true, subgroups: sizes }))])(
      "are used by no variant where there are none, or less than quads: software $software, $subgroups",
      (traits) => {
        expect(planned(traits).kernels.filter(needsSubgroups)).toEqual([]);
      },
    );

    test.each(WITH_SUBGROUPS)("are enabled by each kernel that uses them, and by no other: $min to $max", (sizes) => {
      const { kernels, stranded } = planned({ ...least, software: true, subgroups: sizes });
      expect(stranded).toEqual([]);
      const users = kernels.filter(needsSubgroups);
      expect(users.length).toBeGreaterThan(0);
      expect(users.filter(({ wgsl }) => !/^\s*enable subgroups;/.test(wgsl))).toEqual([]);
      // lanes count from 0 in whole quads whatever the subgroup's size: no kernel may know it
      expect(users.filter(({ wgsl }) => /subgroup_size|subgroup(Add|Broadcast|Shuffle)/.test(wgsl))).toEqual([]);
    });
  });
}
