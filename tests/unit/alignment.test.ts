import { describe, expect, test } from "vitest";
import type { Call, DeviceTraits, Dispatch, Op } from "../../src/graph/op.ts";
import { randomSource } from "../../src/random.ts";
import { allSamples } from "../../src/verify/all.ts";
import type { Sample } from "../../src/verify/sample.ts";
import { gradientNodes } from "../support/sweep.ts";
import { softwareTraits } from "../support/traits.ts";

/*
 * Kernels are written anew for channels that are multiples of 4 and for those that are not, for sums that are, for windows that tile a
 * plane and for those that do not, …: what the samples do not reach is not proven. Here each form of a kernel is told by its source, and
 * every form that can be must be there.
 */

const SOFTWARE: DeviceTraits = softwareTraits;
const DEVICES: readonly DeviceTraits[] = [SOFTWARE, { ...SOFTWARE, software: false }];

const product = (...choices: readonly (readonly string[])[]): string[] =>
  choices.reduce<string[]>((all, some) => all.flatMap((a) => some.map((b) => (a === "" ? b : `${a} ${b}`))), [""]);

const entryOf = (name: string) => {
  const entry = allSamples.find(({ op }) => op.name === name);
  if (!entry) throw new Error(`no samples of ${name}`);
  return entry;
};

interface Planned {
  readonly variant: string;
  readonly dispatches: readonly Dispatch[];
  readonly call: Call;
}

const plans = new Map<string, Planned[]>();

/** All plans of one op: of its own samples, or where it is met in the gradient of another's. */
function plansOf(name: string, inGradientOf?: string): Planned[] {
  const key = `${name} ${inGradientOf}`;
  const made = plans.get(key) ?? makePlans(name, inGradientOf);
  plans.set(key, made);
  return made;
}

function makePlans(name: string, inGradientOf?: string): Planned[] {
  const { op, samples } = entryOf(inGradientOf ?? name);
  const calls = samples(randomSource(0, op.name)).flatMap((sample): { op: Op; call: Call }[] => {
    if (inGradientOf)
      return gradientNodes({ op: op as Op }, sample as Sample)
        .filter((node) => node.op.name === name)
        .map((node) => ({ op: node.op, call: node }));
    const inputs = sample.inputs.map(({ shape, dtype = "f32" }) => ({ shape, dtype }));
    return [{ op: op as Op, call: { inputs, outputs: op.shape(inputs, sample.attributes as never), attributes: sample.attributes } }];
  });
  return calls.flatMap(({ op: own, call }) =>
    DEVICES.flatMap((device) =>
      own.kernels
        .filter((variant) => variant.allowed(call, device))
        .map((variant) => ({ variant: variant.name, dispatches: variant.plan(call, device).dispatches, call })),
    ),
  );
}

/** The forms that are there, of each variant whose name the pattern matches, against those that must be. */
function expectForms(plans: readonly Planned[], variants: RegExp, form: (plan: Planned) => string | undefined, wanted: readonly string[]) {
  const seen = new Map<string, Set<string>>();
  for (const plan of plans) {
    if (!variants.test(plan.variant)) continue;
    const known = seen.get(plan.variant) ?? new Set();
    seen.set(plan.variant, known);
    const own = form(plan);
    if (own !== undefined) known.add(own);
  }
  expect(seen.size).toBeGreaterThan(0);
  const missing = [...seen].flatMap(([variant, forms]) => wanted.filter((w) => !forms.has(w)).map((w) => `${variant}: ${w}`));
  expect(missing).toEqual([]);
}

const isVector = (wgsl: string, binding: string): boolean => new RegExp(`var<storage, \\w+> ${binding}: array<vec4<`).test(wgsl);
const letter = (vector: boolean): string => (vector ? "v" : "s");

describe("convolution: channels in × channels out, sums that are multiples of 4 or not, with bias or without, whole or cut", () => {
  const form = ({ dispatches }: Planned): string | undefined => {
    const main = dispatches.find(({ kernel }) => /^conv (filter )?(quads|registers)/.test(kernel.name));
    if (!main) return undefined;
    const { wgsl } = main.kernel;
    const split = dispatches.some(({ kernel }) => kernel.name.includes("splits"));
    const last = dispatches[dispatches.length - 1].kernel.wgsl;
    return [
      letter(isVector(wgsl, "a")) + letter(isVector(wgsl, "b")),
      wgsl.includes("let terms =") ? "ragged" : "even",
      / bias:/.test(last) ? "bias" : "plain",
      split ? "cut" : "whole",
    ].join(" ");
  };
  const bias = ["bias", "plain"];
  const gather = [...product(["vv", "vs"], ["even"], bias, ["whole"]), ...product(["sv", "ss"], ["even", "ragged"], bias, ["whole"])];
  for (const op of ["conv2d", "conv2dInputGradient"]) test(op, () => expectForms(plansOf(op), /quads|registers/, form, gather));
  test("conv2dFilterGradient", () =>
    expectForms(
      plansOf("conv2dFilterGradient"),
      /quads|registers/,
      form,
      product(["vv", "vs", "sv", "ss"], ["even", "ragged"], ["plain"], ["whole"]),
    ));

  // The pass that adds up the parts does not know the channels that come in: there, bias and channels out make the difference.
  const cutForm = (plan: Planned) => form(plan)?.replace(/ (even|ragged) (bias|plain) /, " ");
  const sumForm = (plan: Planned) => form(plan)?.replace(/^.(.) (even|ragged) /, "$1 ");
  for (const op of ["conv2d", "conv2dInputGradient"])
    test(`${op}, cut`, () => {
      expectForms(plansOf(op), /quads|registers 8/, cutForm, product(["vv", "vs", "sv", "ss"], ["cut"]));
      expectForms(plansOf(op), /quads|registers 8/, sumForm, product(["v", "s"], bias, ["cut"]));
    });
  test("conv2dFilterGradient, cut", () =>
    expectForms(plansOf("conv2dFilterGradient"), /quads 16×16|registers 8/, cutForm, product(["vv", "vs", "sv", "ss"], ["cut"])));

  const one = ({ dispatches }: Planned): string => {
    const { wgsl } = dispatches[0].kernel;
    return ["a", "b", "c"].map((binding) => letter(isVector(wgsl, binding))).join("");
  };
  // c is [pixels, channels out] forward, [pixels, channels in] in one gradient, [channels in, channels out] in the other.
  for (const [op, wanted] of [
    ["conv2d", ["vvv", "vss", "svv", "sss"]],
    ["conv2dInputGradient", ["vvv", "vvs", "ssv", "sss"]],
    ["conv2dFilterGradient", ["vvv", "vss", "svv", "sss"]],
  ] as const)
    test(`${op} of one tap`, () => expectForms(plansOf(op), /^1×1/, one, wanted));
});

describe("pooling: channels by four or one, windows that tile, lie inside, or reach beyond; neighbours together", () => {
  const forward = ({ dispatches: [first], variant }: Planned): string | undefined => {
    if (!first) return undefined;
    const { wgsl } = first.kernel;
    const windows = wgsl.includes("for (var ky = top") ? "loop" : wgsl.includes("let base = line * ") ? "tiles" : "inside";
    expect(isVector(wgsl, "x")).toBe(variant === "vec4");
    return `${windows} ${wgsl.match(/let ox = begin/g)?.length}`;
  };
  const backward = ({ dispatches: [first], variant }: Planned): string | undefined => {
    if (!first) return undefined;
    const { wgsl } = first.kernel;
    expect(isVector(wgsl, "dx")).toBe(/vec4/.test(variant));
    if (wgsl.includes("let base = line * ")) return `tiles ${wgsl.match(/let base = line \* /g)?.length}`;
    return wgsl.includes("let inside = cy") ? "cells" : wgsl.includes("% params.dh != 0u") ? "dilated" : "near";
  };
  const inside = ["tiles 1", "tiles 2", "inside 1", "inside 2", "loop 1"];
  for (const op of ["maxPool2d", "averagePool2d", "lpPool2d"]) test(op, () => expectForms(plansOf(op), /./, forward, inside));
  const gradients = [
    ["maxUnpool2d", undefined],
    ["maxUnpool2d", "maxPool2d"],
    ["averagePool2dGradient", "averagePool2d"],
    ["lpPool2dGradient", "lpPool2d"],
  ] as const;
  for (const [op, of] of gradients) {
    const found = () => plansOf(op, of);
    test(`${op}${of ? ` in the gradient of ${of}` : ""}`, () => {
      expectForms(found(), /^cells/, backward, ["tiles 1", "tiles 2", "cells"]);
      expectForms(found(), /^gather/, backward, ["near", "dilated"]);
    });
  }

  const divisor = ({ dispatches: [first] }: Planned): string | undefined => {
    const wgsl = first?.kernel.wgsl ?? "";
    return !wgsl.includes("fn counted") ? "constant" : wgsl.includes("return end_tap(start, k, d, padded)") ? "padded" : "input";
  };
  test("averages divide in three ways, forward and backward", () => {
    expectForms(plansOf("averagePool2d"), /./, divisor, ["constant", "padded", "input"]);
    expectForms(plansOf("averagePool2dGradient", "averagePool2d"), /^gather/, divisor, ["constant", "padded", "input"]);
  });
});

/** Channels, the last size of x, that are a multiple of 4 or leave this rest. */
const channelsOf = ({ call: { inputs } }: Planned): string => String((inputs[0].shape.at(-1) ?? 0) % 4);
const ALL_RESTS = ["0", "1", "2", "3"];
const NOT_WHOLE = ["1", "2", "3"];

describe("normalisation: channels with every rest", () => {
  for (const op of ["batchNormTrain", "batchNormSums"]) test(op, () => expectForms(plansOf(op), /columns/, channelsOf, ALL_RESTS));
  for (const op of ["layerNorm", "layerNormGradient", "layerNormSums"])
    test(op, () => expectForms(plansOf(op), /./, channelsOf, ALL_RESTS));
  for (const op of ["batchNormInference", "batchNormGradient"]) test(op, () => expectForms(plansOf(op), /scalar/, channelsOf, NOT_WHOLE));
  const parts = (plan: Planned) =>
    `${channelsOf(plan) === "0" ? "v" : "s"} ${plan.dispatches.some(({ kernel }) => /merge|of parts/.test(kernel.name)) ? "in parts" : "whole"}`;
  for (const op of ["batchNormTrain", "batchNormSums", "layerNormSums"])
    test(`${op}, whole and in parts`, () => expectForms(plansOf(op), /columns/, parts, product(["v", "s"], ["whole", "in parts"])));
});

describe("resize: channels with every rest, both modes, every way of placing", () => {
  const form = (plan: Planned): string => {
    const { mode, coordinates } = plan.call.attributes as { mode: string; coordinates: string };
    return `${mode} ${coordinates}`;
  };
  const forms = product(["nearest", "bilinear"], ["half_pixel", "align_corners", "asymmetric"]);
  for (const op of ["resize2d", "resize2dGradient"]) {
    test(`${op}: modes and coordinates`, () => expectForms(plansOf(op), /./, form, forms));
    test(`${op}: channels`, () => expectForms(plansOf(op), /scalar/, channelsOf, NOT_WHOLE));
  }
});

describe("pooling: channels with every rest", () => {
  for (const op of ["maxPool2d", "averagePool2d", "lpPool2d", "maxUnpool2d"])
    test(op, () => expectForms(plansOf(op), /scalar/, channelsOf, NOT_WHOLE));
});
