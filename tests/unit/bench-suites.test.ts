import { describe, expect, test } from "vitest";
import { kernelCases, kernelSubjects } from "../../src/bench/suites/kernels.ts";
import { layerSubjects } from "../../src/bench/suites/layers.ts";
import { modelSubjects } from "../../src/bench/suites/models.ts";
import type { Call } from "../../src/graph/op.ts";
import type { Source } from "../../src/graph/tensor.ts";
import { allSamples } from "../../src/verify/all.ts";
import { hardwareTraits, softwareTraits } from "../support/traits.ts";

const keys = (subjects: readonly { readonly name: string; readonly subject: string }[]) =>
  subjects.map(({ name, subject }) => `${name}, ${subject}`);

describe("suites", () => {
  test.each([
    ["software", softwareTraits],
    ["hardware", hardwareTraits],
  ])("kernels on %s: each row once, one variant of each chosen, those for other devices besides", (_, traits) => {
    const subjects = kernelSubjects(traits, false);
    expect(new Set(keys(subjects)).size).toBe(subjects.length);
    const rows = [...new Set(subjects.map(({ name }) => name))];
    for (const row of rows) expect(subjects.filter(({ name, chosen }) => name === row && chosen).length, row).toBe(1);
    expect(rows.length).toBeGreaterThan(45);
    expect(subjects.length).toBeGreaterThan(2 * rows.length);
    const quick = kernelSubjects(traits, true);
    expect(quick.length).toBeGreaterThan(8);
    expect(quick.length).toBeLessThan(0.3 * subjects.length);
    expect(quick.every(({ chosen }) => chosen !== undefined)).toBe(true);
  });

  test("every variant of every op has a row, on this or another kind of device", () => {
    const kinds = [softwareTraits, hardwareTraits].flatMap((traits) => [traits, { ...traits, subgroups: undefined }]);
    const measured = new Set<string>();
    for (const { tensor } of kernelCases(false)) {
      const { op, attributes, inputs, outputs } = (tensor.source as Extract<Source, { kind: "node" }>).node;
      const call: Call = { inputs, outputs, attributes };
      for (const variant of op.kernels) if (kinds.some((as) => variant.allowed(call, as))) measured.add(`${op.name}: ${variant.name}`);
    }
    const all = allSamples.flatMap(({ op }) => op.kernels.map((variant) => `${op.name}: ${variant.name}`));
    expect(all.length).toBeGreaterThan(200);
    expect(all.filter((variant) => !measured.has(variant))).toEqual([]);
  });

  test("layers and models: each row once, and some of them quick", () => {
    for (const make of [layerSubjects, modelSubjects]) {
      const subjects = make(false);
      expect(new Set(keys(subjects)).size).toBe(subjects.length);
      expect(make(true).length).toBeGreaterThan(2);
      expect(make(true).length).toBeLessThan(subjects.length);
    }
    expect(modelSubjects(false).map(({ name }) => name)).toEqual([
      "character RNN step V64 H128 T64 B32",
      "tanh RNN step T32 B16 I64 H128 O64",
      "tanh RNN step T128 B16 I64 H128 O64",
      "tanh RNN step T512 B16 I64 H128 O64",
      "LeNet step B64",
      "LeNet forward B64",
    ]);
  });
});
