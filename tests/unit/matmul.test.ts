import { describe, expect, test } from "vitest";
import { UnrollError } from "../../src/errors.ts";
import type { Call, DeviceTraits, Op } from "../../src/graph/op.ts";
import { constant, input, type Node, type Tensor } from "../../src/graph/tensor.ts";
import type { Shape, TensorType } from "../../src/graph/types.ts";
import { reluActivation, tanhActivation } from "../../src/ops/activation.ts";
import { matmul, matmulOp } from "../../src/ops/matmul/matmul.ts";
import { matmulProblem } from "../../src/ops/matmul/problem.ts";
import { stateOuterProduct, stateOuterProductOp } from "../../src/ops/matmul/state-outer-product.ts";
import { tanh } from "../../src/ops/pointwise/activations.ts";
import { add } from "../../src/ops/pointwise/arithmetic.ts";
import { evaluate } from "../../src/program/evaluate.ts";
import { gradient } from "../../src/program/gradient.ts";
import { softwareTraits } from "../support/traits.ts";

const values = (tensor: Tensor): number[] => Array.from(evaluate([tensor], new Map())[0]);
const nodeOf = (tensor: Tensor): Node => (tensor.source.kind === "node" ? tensor.source.node : expect.fail("no node"));
const types = (...shapes: Shape[]): TensorType[] => shapes.map((shape) => ({ dtype: "f32", shape }));
const traits = softwareTraits;

function callOf(a: Shape, b: Shape, { transposeA = false, transposeB = false } = {}): Call<{ transposeA: boolean; transposeB: boolean }> {
  const attributes = { transposeA, transposeB };
  const inputs = types(a, b);
  return { inputs, outputs: matmulOp.shape(inputs, attributes), attributes };
}

/** The planner's choice: the allowed variant with the highest preference, the first listed in a tie. */
function chosen<A>(op: Op<A>, call: Call<A>, device: DeviceTraits) {
  const allowed = op.kernels.filter((variant) => variant.allowed(call, device));
  const preference = (variant: (typeof allowed)[number]) => variant.preference?.(call, device) ?? 0;
  return allowed.reduce((best, variant) => (preference(variant) > preference(best) ? variant : best));
}

describe("shapes", () => {
  test.each<[Shape, Shape, { transposeA?: boolean; transposeB?: boolean }, Shape]>([
    [[3, 4], [4, 5], {}, [3, 5]],
    [[4, 3], [4, 5], { transposeA: true }, [3, 5]],
    [[3, 4], [5, 4], { transposeB: true }, [3, 5]],
    [[4, 3], [5, 4], { transposeA: true, transposeB: true }, [3, 5]],
    [[2, 6, 3, 4], [4, 5], {}, [2, 6, 3, 5]],
    [[6, 3, 4], [2, 1, 4, 5], {}, [2, 6, 3, 5]],
    [[4], [4], {}, []],
    [[4], [2, 4, 5], {}, [2, 5]],
    [[2, 3, 4], [4], {}, [2, 3]],
    [[3, 0], [0, 5], {}, [3, 5]],
    [[0, 4], [4, 5], {}, [0, 5]],
  ])("%j · %j %j → %j", (a, b, options, shape) => {
    expect(matmul(input(a), input(b), options).shape).toEqual(shape);
  });

  test("one b for all of a is one product of more rows", () => {
    expect(matmulProblem(callOf([2, 6, 3, 4], [4, 5]))).toMatchObject({ m: 36, n: 5, k: 4, batch: [] });
    expect(matmulProblem(callOf([6, 4, 3], [4, 5], { transposeA: true }))).toMatchObject({ m: 3, batch: [{ size: 6, a: 12, b: 0 }] });
    expect(matmulProblem(callOf([2, 6, 3, 4], [2, 6, 4, 5]))).toMatchObject({ m: 3, batch: [{ size: 12, a: 12, b: 20 }] });
    expect(matmulProblem(callOf([2, 1, 3, 4], [6, 4, 5]))).toMatchObject({
      m: 3,
      batch: [
        { size: 2, a: 12, b: 0 },
        { size: 6, a: 0, b: 20 },
      ],
    });
  });
});

describe("misuse", () => {
  const f = (...shape: number[]) => input(shape);
  test.each<[string, () => unknown, string, string]>([
    ["inner sizes", () => matmul(f(3, 4), f(5, 2)), "shape", "matmul: a is f32[3, 4] and b is f32[5, 2]: the inner sizes 4 and 5 differ"],
    [
      "inner sizes, transposed",
      () => matmul(f(3, 4), f(4, 2), { transposeB: true }),
      "shape",
      "b is f32[4, 2] (transposed): the inner sizes 4 and 2 differ",
    ],
    ["leading axes", () => matmul(f(2, 3, 4), f(3, 4, 5)), "shape", "the leading axes [2] and [3] do not broadcast"],
    ["scalar", () => matmul(f(), f(4)), "shape", "a is a scalar"],
    ["dtype", () => matmul(input([3, 4], "i32") as never, f(4, 5)), "dtype", "a is i32[3, 4], it must be f32"],
    ["transposed vector", () => matmul(f(4), f(4, 5), { transposeA: true }), "argument", "a vector cannot be transposed"],
    ["bias size", () => matmul(f(3, 4), f(4, 5), { bias: f(4) as never }), "shape", "bias is f32[4]: expected f32[5], one for each column"],
    ["bias rank", () => matmul(f(3, 4), f(4, 5), { bias: f(3, 5) as never }), "shape", "bias is f32[3, 5]: expected f32[5]"],
    ["bias without columns", () => matmul(f(3, 4), f(4), { bias: f(3) as never }), "shape", "has no columns"],
    ["missing operand", () => matmul(f(3, 4), undefined as never), "argument", "b must be a tensor, not undefined"],
    ["activation", () => matmul(f(3, 4), f(4, 5), { activation: "tanh" as never }), "argument", "activation must be an Activation"],
    ["h0", () => stateOuterProduct(f(2, 3) as never, f(5, 2, 4) as never, f(5, 2, 4) as never), "shape", "expected h0 to be f32[2, 4]"],
    [
      "delta",
      () => stateOuterProduct(f(2, 4) as never, f(5, 2, 4) as never, f(6, 2, 4) as never),
      "shape",
      "expected delta to be f32[5, 2, …]",
    ],
    [
      "rank",
      () => stateOuterProduct(f(2, 4) as never, f(5, 4) as never, f(5, 2, 4) as never),
      "shape",
      "sequence is f32[5, 4], expected rank 3",
    ],
    ["no steps", () => stateOuterProduct(f(2, 4) as never, f(0, 2, 4) as never, f(0, 2, 4) as never), "shape", "at least one step"],
    [
      "state dtype",
      () => stateOuterProduct(f(2, 4) as never, input([5, 2, 4], "u32") as never, f(5, 2, 4) as never),
      "dtype",
      "sequence is u32[5, 2, 4]",
    ],
  ])("%s", (_, act, code, message) => {
    let error: unknown;
    try {
      act();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UnrollError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });
});

describe("values", () => {
  const a = constant([1, 2, 3, 4, 5, 6], [2, 3]);
  const b = constant([1, 0, 2, 1, 0, 1], [3, 2]);
  test("products, bias, activation", () => {
    expect(values(matmul(a, b))).toEqual([5, 5, 14, 11]);
    expect(values(matmul(a, a, { transposeB: true }))).toEqual([14, 32, 32, 77]);
    expect(values(matmul(a, a, { transposeA: true }))).toEqual([17, 22, 27, 22, 29, 36, 27, 36, 45]);
    expect(values(matmul(a, b, { bias: constant([-6, 1], [2]), activation: reluActivation }))).toEqual([0, 6, 8, 12]);
    expect(values(matmul(constant([1, 1], [2]), a))).toEqual([5, 7, 9]);
    expect(values(matmul(a, constant([1, 1, 1], [3])))).toEqual([6, 15]);
    expect(values(matmul(constant([], [2, 0]), constant([], [0, 2])))).toEqual([0, 0, 0, 0]);
  });

  test("states are shifted by one step", () => {
    const h0 = constant([1, 2], [1, 2]);
    const sequence = constant([3, 4, 5, 6], [2, 1, 2]);
    const delta = constant([1, 10], [2, 1, 1]);
    expect(values(stateOuterProduct(undefined, sequence, delta))).toEqual([3 * 10, 4 * 10]);
    expect(values(stateOuterProduct(h0, sequence, delta))).toEqual([1 * 1 + 3 * 10, 2 * 1 + 4 * 10]);
    const [dh0, dsequence, ddelta] = gradient(matmul(constant([1, 1], [2]), stateOuterProduct(h0, sequence, delta)), [
      h0,
      sequence,
      delta,
    ] as const).tensors;
    expect(values(dh0)).toEqual([1, 1]);
    expect(values(dsequence)).toEqual([10, 10, 0, 0]);
    expect(values(ddelta)).toEqual([3, 7]);
  });
});

describe("absorbing", () => {
  const product = matmul(input([2, 3, 4]), input([4, 5]));
  const node = nodeOf(product);
  const offer = (consumer: Tensor) => matmulOp.absorb?.(node as Node<never>, nodeOf(consumer));

  test("a bias, then an activation", () => {
    const biased = add(product, input([5]));
    const fused = offer(biased);
    expect(fused?.inputs).toEqual([...node.inputs, nodeOf(biased).inputs[1]]);
    expect(offer(add(input([5]), product))?.inputs).toHaveLength(3);
    const both = matmulOp.absorb?.(
      { ...(fused as unknown as Node<never>), outputs: biased.source.kind === "node" ? biased.source.node.outputs : [] },
      nodeOf(tanh(biased)),
    );
    expect(both?.attributes).toMatchObject({ activation: { name: tanhActivation.name } });
  });

  test("nothing else", () => {
    expect(offer(add(product, input([1]))), "one value for all columns").toBeUndefined();
    expect(offer(add(product, input([3, 5])))).toBeUndefined();
    expect(offer(add(product, product))).toBeUndefined();
    const activated = matmul(input([3, 4]), input([4, 5]), { activation: tanhActivation });
    expect(matmulOp.absorb?.(nodeOf(activated) as Node<never>, nodeOf(add(activated, input([5]))))).toBeUndefined();
    const vector = matmul(input([5, 4]), input([4]));
    expect(matmulOp.absorb?.(nodeOf(vector) as Node<never>, nodeOf(add(vector, input([5]))))).toBeUndefined();
  });
});

describe("kernels", () => {
  const hardware = { ...traits, software: false };
  const plain = { ...traits, subgroups: undefined };
  test.each<[string, Shape, Shape, DeviceTraits, string]>([
    ["software", [2048, 64], [64, 128], traits, "quads 16×32"],
    ["software, large", [512, 512], [512, 512], traits, "quads 32×32"],
    ["software, few tiles", [16, 512], [512, 64], traits, "quads 16×16"],
    ["software, small", [64, 256], [256, 10], traits, "strided 4×4"],
    ["software, small batch", [4, 8, 16], [4, 16, 8], traits, "strided 4×4"],
    ["software, two batch dimensions", [3, 1, 5, 4], [2, 4, 6], traits, "quads 16×16"],
    ["software, one row", [1, 128], [128, 64], traits, "registers 1×4"],
    ["software, few rows", [3, 512], [512, 256], traits, "registers 4×4"],
    ["software without subgroups", [512, 512], [512, 512], plain, "registers 8×8"],
    ["software without subgroups, few tiles", [16, 512], [512, 64], plain, "registers 4×4"],
    ["real", [512, 512], [512, 512], hardware, "tiles 64×64"],
    ["real, few rows", [2, 512], [512, 512], hardware, "skinny 4×64"],
    ["a real GPU that allows little", [512, 512], [512, 512], { ...hardware, maxInvocations: 64, subgroups: undefined }, "registers 8×8"],
  ])("%s: %j · %j", (_, a, b, device, name) => {
    expect(chosen(matmulOp, callOf(a, b), device).name).toBe(name);
  });

  test("a long sum for few results is split and added in order", () => {
    const call = callOf([8192, 24], [8192, 24], { transposeA: true });
    for (const variant of matmulOp.kernels.filter((v) => v.allowed(call, traits) && v.name !== "strided 4×4")) {
      const { dispatches, temporaries } = variant.plan(call, traits);
      expect(dispatches, variant.name).toHaveLength(2);
      const { splits, k_split } = dispatches[0].params as { splits: number; k_split: number };
      expect(splits, variant.name).toBeGreaterThan(1);
      expect(splits * k_split, variant.name).toBeGreaterThanOrEqual(8192);
      expect((splits - 1) * k_split, variant.name).toBeLessThan(8192);
      expect(temporaries?.[0].shape, variant.name).toEqual([splits, 576]);
    }
  });

  test("a small product takes one dispatch, however long the sum", () => {
    for (const rows of [32, 2048])
      expect(
        chosen(matmulOp, callOf([rows, 32], [rows, 32], { transposeA: true }), traits).plan(
          callOf([rows, 32], [rows, 32], { transposeA: true }),
          traits,
        ).dispatches,
      ).toHaveLength(1);
  });

  test("small products of every form, with and without bias, share one pipeline", () => {
    const sources = [0, 1, 2, 3].map((i) => {
      const [transposeA, transposeB] = [i % 2 === 1, i > 1];
      const call = callOf(transposeA ? [5, 7] : [7, 5], transposeB ? [9, 5] : [5, 9], { transposeA, transposeB });
      const inputs = i === 3 ? [...call.inputs, ...types([9])] : call.inputs;
      const kernels = chosen(matmulOp, call, traits).plan({ ...call, inputs }, traits).dispatches;
      expect(kernels).toHaveLength(1);
      return kernels[0].kernel.wgsl;
    });
    expect(new Set(sources).size).toBe(1);
  });

  test("other sizes, the same pipelines", () => {
    const source = (rows: number) =>
      chosen(matmulOp, callOf([rows, 64], [64, 128]), traits).plan(callOf([rows, 64], [64, 128]), traits).dispatches[0].kernel.wgsl;
    expect(source(2048)).toBe(source(512));
  });

  test("nothing to compute, nothing to dispatch; an empty sum is 0", () => {
    const plan = (call: ReturnType<typeof callOf>) => chosen(matmulOp, call, traits).plan(call, traits);
    expect(plan(callOf([0, 4], [4, 5])).dispatches).toHaveLength(0);
    expect(plan(callOf([3, 0], [0, 5])).dispatches).toHaveLength(1);
  });

  test("without an initial state, and with tiles enough, one dispatch", () => {
    const inputs = types([128, 16, 128], [128, 16, 128]);
    const call = { inputs, outputs: stateOuterProductOp.shape(inputs, {}), attributes: {} };
    const { dispatches, temporaries } = chosen(stateOuterProductOp, call, traits).plan(call, traits);
    expect(dispatches).toHaveLength(1);
    expect(dispatches[0].params).toMatchObject({ k: 127 * 16, b_base: 16 * 128, c_base: 0 });
    expect(temporaries).toBeUndefined();
  });

  test("states and initial state are two dispatches into one list of partial sums", () => {
    const inputs = types([128, 16, 8], [128, 16, 8], [16, 8]);
    const call = { inputs, outputs: stateOuterProductOp.shape(inputs, {}), attributes: {} };
    const { dispatches, temporaries } = chosen(stateOuterProductOp, call, traits).plan(call, traits);
    expect(dispatches.map((dispatch) => dispatch.params?.k)).toEqual([16, 127 * 16, undefined]);
    expect(temporaries?.[0].shape[0]).toBe(1 + (dispatches[1].params?.splits ?? 0));
  });
});
