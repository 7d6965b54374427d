import { beforeAll, describe, expect, test } from "vitest";
import type { DeviceTraits } from "../../src/graph/op.ts";
import type { Node } from "../../src/graph/tensor.ts";
import {
  add,
  argmax,
  assign,
  compile,
  concat,
  constant,
  copy,
  Engine,
  exportProgram,
  flatten,
  gather,
  gradient,
  input,
  loadProgram,
  matmul,
  maxPool2dWithIndices,
  maxUnpool2d,
  mul,
  nllLoss,
  oneHot,
  pad,
  reshape,
  rnn,
  sgd,
  slice,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  topKAccuracy,
  transpose,
  UnrollError,
  variable,
} from "../../src/index.ts";
import { gatherGradient } from "../../src/ops/gather/gather-gradient.ts";
import { indexCheckCall } from "../../src/ops/index-check.ts";
import { evaluateNode } from "../../src/program/evaluate.ts";
import { DEFAULT_LIMITS } from "../../src/program/exported/board.ts";
import { EXPORT_TRAITS } from "../../src/program/exported/export.ts";
import { checkRanges, type InputRange } from "../../src/program/indices/range.ts";
import { traceIndices } from "../../src/program/indices/trace.ts";
import { nodesOf } from "../../src/program/order.ts";
import { makePlan } from "../../src/program/plan/plan.ts";
import { fakeDevice } from "../support/fake-device.ts";

let engines: Engine[];

beforeAll(async () => {
  engines = [await Engine.create({ reference: true }), await Engine.create({ device: fakeDevice(), selfTest: false })];
});

type Inputs = Record<string, Tensor>;
type Batch = Record<string, Int32Array | Uint32Array | Float32Array>;

/** What a run says with each engine, and when it was planned ahead of time. */
async function messages(inputs: Inputs, y: Tensor, batch: Batch): Promise<(string | undefined)[]> {
  const programs = [];
  for (const engine of engines) programs.push(await compile(engine, { inputs, outputs: { y } }));
  const file = JSON.parse(JSON.stringify(await exportProgram({ inputs, outputs: { y } })));
  programs.push(await loadProgram(await Engine.create({ device: fakeDevice(), selfTest: false }), file));
  const said: (string | undefined)[] = [];
  for (const program of programs)
    said.push(
      await (program as never as { run(batch: Batch): Promise<unknown> }).run(batch).then(
        () => undefined,
        (error: unknown) => {
          if (!(error instanceof UnrollError) || error.code !== "range") throw error;
          return error.message;
        },
      ),
    );
  return said;
}

const table = () => variable("table", [5, 3]);
const scores = (...shape: number[]) => variable("scores", [...shape, 4]);
const of = (values: readonly number[], dtype: "i32" | "u32") => (dtype === "i32" ? Int32Array.from(values) : Uint32Array.from(values));

/** Ops that take six indices, and those that they may be; `from` is the number of things that an index selects from. */
const USES: Record<
  string,
  { readonly use: (indices: Tensor<"i32" | "u32">) => Tensor; readonly from: number; readonly fromEnd?: boolean }
> = {
  gather: { use: (i) => gather(table(), i), from: 5, fromEnd: true },
  "gather along axis 1": { use: (i) => gather(variable("wide", [2, 7, 3]), i, { axis: 1 }), from: 7, fromEnd: true },
  "gather of integers": { use: (i) => gather(constant([1, 2, 3], [3], "i32"), i), from: 3, fromEnd: true },
  gatherGradient: { use: (i) => gatherGradient(variable("g", [6, 3]), reshape(i, [6]), { axis: 0, rows: 5 }), from: 5, fromEnd: true },
  oneHot: { use: (i) => oneHot(i, 4), from: 4, fromEnd: true },
  softmaxCrossEntropy: { use: (i) => softmaxCrossEntropy(scores(6), reshape(i, [6]) as Tensor<"i32">), from: 4 },
  "the gradient of softmaxCrossEntropy": {
    use: (i) => {
      const s = scores(6);
      return gradient(softmaxCrossEntropy(s, reshape(i, [6]) as Tensor<"i32">), [s]).tensors[0];
    },
    from: 4,
  },
  nllLoss: { use: (i) => nllLoss(scores(6), reshape(i, [6]) as Tensor<"i32">), from: 4 },
  topKAccuracy: { use: (i) => topKAccuracy(scores(6), reshape(i, [6]) as Tensor<"i32">, 2), from: 4 },
  rnn: {
    use: (i) =>
      rnn(reshape(i, [3, 2]) as Tensor<"u32", readonly [number, number]>, { U: variable("U", [5, 3]), W: variable("W", [3, 3]) }).last,
    from: 5,
    fromEnd: true,
  },
};

describe("an array with an index out of range is refused in the call", () => {
  for (const [name, { use, from, fromEnd }] of Object.entries(USES))
    for (const dtype of ["i32", "u32"] as const)
      test(`${name}, ${dtype}`, async () => {
        const indices = input([6], dtype);
        const low = dtype === "i32" && fromEnd ? -from : 0;
        const good = [from - 1, 0, low, 1, 1, 1];
        expect(await messages({ indices }, use(indices), { indices: of(good, dtype) })).toEqual([undefined, undefined, undefined]);
        for (const wrong of [from, low - 1, 2 ** 31 - 1]) {
          const value = of([wrong], dtype)[0];
          const said = await messages({ indices }, use(indices), { indices: of([0, 1, 0, 0, wrong, from], dtype) });
          for (const message of said) {
            expect(message).toContain(
              `run: input "indices", ${dtype}[6], holds ${value}${value > 2 ** 31 ? ` (${wrong} as an i32)` : ""} at [4]`,
            );
            expect(message).toMatch(new RegExp(`selects one of ${from} .* by it, so it must be ${low} to ${from - 1}$`));
          }
        }
      });

  test("plane indices of max unpooling", async () => {
    const indices = input([1, 2, 2, 1], "i32");
    const y = maxUnpool2d(variable("pooled", [1, 2, 2, 1]), indices, { size: 2 });
    expect(await messages({ indices }, y, { indices: Int32Array.of(0, 3, 8, 15) })).toEqual([undefined, undefined, undefined]);
    for (const message of await messages({ indices }, y, { indices: Int32Array.of(0, 3, 8, 16) }))
      expect(message).toBe(
        'run: input "indices", i32[1, 2, 2, 1], holds 16 at [0, 1, 1, 0] (element 3); maxUnpool2d selects one of the 16 elements of a 4×4 plane by it, so it must be 0 to 15',
      );
  });
});

/** Shape ops by which six indices come from an input of another shape; `at` is the place of one of them. */
const WAYS: Record<
  string,
  { readonly shape: readonly number[]; readonly move: (x: Tensor<"i32">) => Tensor<"i32">; readonly used: number[] }
> = {
  reshape: { shape: [2, 3], move: (x) => reshape(x, [6]), used: [0, 1, 2, 3, 4, 5] },
  flatten: { shape: [1, 2, 3], move: (x) => flatten(x), used: [0, 1, 2, 3, 4, 5] },
  transpose: { shape: [3, 2], move: (x) => transpose(x), used: [0, 1, 2, 3, 4, 5] },
  copy: { shape: [6], move: (x) => copy(x), used: [0, 1, 2, 3, 4, 5] },
  "slice of the outer axis": { shape: [5, 3], move: (x) => slice(x, [1, 0], [2, 3]), used: [3, 4, 5, 6, 7, 8] },
  "slice of the inner axis": { shape: [3, 4], move: (x) => slice(x, [0, 1], [3, 2]), used: [1, 2, 5, 6, 9, 10] },
  "slice in steps, backwards": { shape: [12], move: (x) => slice(x, [11], [6], [-2]), used: [1, 3, 5, 7, 9, 11] },
  concat: { shape: [4], move: (x) => concat([constant([0, 1], [2], "i32"), x]) as Tensor<"i32">, used: [0, 1, 2, 3] },
  "concat with itself": { shape: [1, 3], move: (x) => concat([x, x]) as Tensor<"i32">, used: [0, 1, 2] },
  pad: { shape: [2, 2], move: (x) => pad(x, [0, 1], [0, 0]), used: [0, 1, 2, 3] },
  "all of them": {
    shape: [2, 2, 4],
    move: (x) => transpose(reshape(concat([slice(x, [0, 0, 1], [2, 2, 1]), slice(x, [0, 0, 3], [2, 2, 1])], 2), [4, 2])) as Tensor<"i32">,
    used: [1, 3, 5, 7, 9, 11, 13, 15],
  },
};

describe("through shape ops", () => {
  for (const [name, { shape, move, used }] of Object.entries(WAYS))
    test(name, async () => {
      const x = input(shape, "i32");
      const y = gather(table(), move(x as never));
      const size = shape.reduce((a, b) => a * b, 1);
      for (let at = 0; at < size; at++) {
        const data = Int32Array.from({ length: size }, (_, i) => (i === at ? 5 : i % 5));
        // What is not used may be anything.
        for (const message of await messages({ x }, y, { x: data })) {
          if (used.includes(at)) expect(message).toMatch(/^run: input "x", i32\[.*\], holds 5 at \[/);
          else expect(message).toBeUndefined();
        }
      }
    });

  test("two inputs side by side are both checked, each by its own place", async () => {
    const [a, b] = [input([2, 2], "u32"), input([2, 1], "u32")];
    const y = gather(table(), concat([a, b], 1));
    const said = async (first: number[], second: number[]) =>
      (await messages({ a, b }, y, { a: Uint32Array.from(first), b: Uint32Array.from(second) })).map((m) => m?.match(/^.*?;/)?.[0]);
    expect(await said([0, 1, 2, 9], [3, 4])).toEqual(new Array(3).fill('run: input "a", u32[2, 2], holds 9 at [1, 1] (element 3);'));
    expect(await said([0, 1, 2, 3], [4, 5])).toEqual(new Array(3).fill('run: input "b", u32[2, 1], holds 5 at [1, 0] (element 1);'));
  });

  test("indices that scatter far and wide are checked on the host and on the GPU", () => {
    const x = input([64, 3], "i32");
    const taken = Array.from({ length: 20 }, (_, i) => slice(x, [(i * i) % 64, i % 3], [1, 1]));
    const { inputs, computed } = traceIndices(nodesOf([gather(table(), concat(taken))]), { x });
    expect(inputs).toHaveLength(1);
    expect(inputs[0].parts.length).toBeGreaterThan(8);
    expect(computed).toHaveLength(1);
  });
});

test("each op that moves elements says so as its reference does", () => {
  const x = input([2, 3, 4], "i32");
  const tensors = [
    transpose(x, [2, 0, 1]),
    slice(x, [1, 2, 3], [1, 2, 2], [1, -2, -3]),
    pad(x, [1, 0, 2], [0, 1, 1], { value: 7, inside: [0, 2, 1] }),
    concat([x, slice(x, [0, 0, 0], [2, 1, 4])], 1),
    copy(x),
  ];
  for (const tensor of tensors) {
    const node = tensor.source.kind === "node" ? (tensor.source.node as Node) : undefined;
    const arrays = node?.inputs.map((t, k) => Float64Array.from({ length: t.size }, (_, i) => 1000 * (k + 1) + i)) as Float64Array[];
    const [expected] = evaluateNode(node as Node, arrays);
    const { boxes, fill = 0 } = node?.op.moves?.(node) ?? { boxes: [] };
    const actual = new Float64Array(tensor.size).fill(fill);
    for (const { input: k, box, scatter } of boxes)
      for (let i = 0; i < box.sizes.reduce((a, b) => a * b, 1); i++) {
        let rest = i;
        let place = box.base;
        for (let d = box.sizes.length - 1; d >= 0; d--) {
          place += (rest % box.sizes[d]) * box.strides[d];
          rest = Math.floor(rest / box.sizes[d]);
        }
        if (scatter) actual[place] = arrays[k][i];
        else actual[i] = arrays[k][place];
      }
    expect(actual, node?.op.name).toEqual(expected);
  }
});

describe("what stays legal", () => {
  const labels = () => input([6], "i32") as Tensor<"i32">;

  test("ignoreIndex, inside and outside the classes", async () => {
    for (const ignoreIndex of [-100, 255, 2]) {
      const l = labels();
      const y = softmaxCrossEntropy(scores(6), l, { ignoreIndex });
      expect(await messages({ l }, y, { l: Int32Array.of(0, ignoreIndex, 3, ignoreIndex, 1, 1) })).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      for (const message of await messages({ l }, y, { l: Int32Array.of(0, ignoreIndex, 3, -1, 1, 1) }))
        expect(message).toMatch(ignoreIndex === 2 ? /must be 0 to 3$/ : new RegExp(`must be 0 to 3, or ${ignoreIndex}, which is ignored$`));
    }
    const l = input([6], "u32") as Tensor<"u32">;
    const y = topKAccuracy(scores(6), l, 1, { ignoreIndex: -1 });
    expect(await messages({ l }, y, { l: Uint32Array.of(0, 4294967295, 3, 1, 1, 1) })).toEqual([undefined, undefined, undefined]);
    for (const message of await messages({ l }, y, { l: Uint32Array.of(0, 4294967294, 3, 1, 1, 1) }))
      expect(message).toContain("holds 4294967294 (-2 as an i32) at [1]");
  });

  test("labels of rows that a mask leaves out", async () => {
    for (const loss of [softmaxCrossEntropy, nllLoss] as (typeof nllLoss)[]) {
      const [l, mask] = [labels(), input([6])];
      const y = loss(scores(6), l, { mask: mask as never });
      const said = (m: number[]) => messages({ l, mask }, y, { l: Int32Array.of(0, 99, 3, -7, 1, 1), mask: Float32Array.from(m) });
      expect(await said([1, 0, 1, 0, 1, 1])).toEqual([undefined, undefined, undefined]);
      for (const message of await said([1, 0, 1, Number.NaN, 1, 1])) expect(message).toContain("holds -7 at [3]");
      for (const message of await said([1, 0, 1, 0.5, 1, 1])) expect(message).toContain("holds -7 at [3]");
    }
  });

  test("indices that an op has made in range are not checked again", () => {
    const x = input([6, 4]);
    expect(traceIndices(nodesOf([oneHot(argmax(x), 4)]), { x })).toEqual({ inputs: [], computed: [] });
    expect(traceIndices(nodesOf([oneHot(argmax(x), 3)]), { x }).computed).toHaveLength(1);
    const images = input([1, 4, 4, 2]);
    const { y, indices } = maxPool2dWithIndices(images, { size: 2 });
    expect(traceIndices(nodesOf([maxUnpool2d(y, indices, { size: 2 })]), { images })).toEqual({ inputs: [], computed: [] });
  });

  test("host arrays cost no kernel; what is used twice is checked once", () => {
    const x = input([3, 2], "u32");
    const t = table();
    const loss = sum(gather(t, x));
    const plan = makePlan({ inputs: { x }, outputs: {}, updates: [sgd({ learningRate: 1 })(gradient(loss, [t]))] }, traits);
    expect(plan.indices).toHaveLength(1);
    expect(plan.checks).toHaveLength(0);
    expect(plan.nodes.map(({ node }) => node.op.name)).not.toContain("index check");
  });
});

const traits = {
  ...EXPORT_TRAITS.hardware,
  f16: false,
  maxWorkgroupStorage: DEFAULT_LIMITS.maxComputeWorkgroupStorageSize,
  maxInvocations: 256,
  maxWorkgroupSizeX: 256,
  maxStorageBuffers: 8,
  maxBindingBytes: 2 ** 27,
} as DeviceTraits;

test("a constant out of range is an error of compile", async () => {
  const x = input([5, 3]);
  const y = gather(x, concat([constant([0, 1], [2], "u32"), constant([5], [1], "u32")]));
  for (const engine of engines)
    await expect(compile(engine, { inputs: { x }, outputs: { y } })).rejects.toMatchObject({
      code: "range",
      message: "compile: the constant for gather, u32[3], holds 5 at [2]; gather selects one of 5 rows by it, so it must be 0 to 4",
    });
  await expect(exportProgram({ inputs: { x }, outputs: { y } })).rejects.toMatchObject({ code: "range" });
});

test("the variable that an index selects from is named", async () => {
  const x = input([2, 2], "u32");
  for (const message of await messages({ x }, gather(table(), x), { x: Uint32Array.of(0, 0, 9, 0) }))
    expect(message).toBe(
      'run: input "x", u32[2, 2], holds 9 at [1, 0] (element 2); gather selects one of 5 rows of variable "table" by it, so it must be 0 to 4',
    );
});

describe("indices that are computed, on the reference engine", () => {
  test("a run with updates changes nothing, and blocks those after it until the flag is cleared", async () => {
    const engine = await Engine.create({ reference: true });
    const x = input([2], "i32");
    const t = variable("t", [4, 1], () => [1, 2, 3, 4]);
    const loss = sum(mul(gather(t, add(x, constant(1, [], "i32"))), gather(t, x)));
    const carried = variable("carried", []);
    const program = await compile(engine, {
      inputs: { x },
      outputs: { loss },
      updates: [sgd({ learningRate: 0.1 })(gradient(loss, [t])), assign(carried, loss)],
      label: "train",
    });
    await program.run({ x: Int32Array.of(0, 1) });
    const before = [await engine.read(t), await engine.read(carried)];
    const wrong = {
      code: "range",
      message:
        'run 2 of program "train": a tensor of indices, i32[2], holds 4 at [1]; gather selects one of 4 rows of variable "t" by it, so it must be -4 to 3. No variable was changed by it or since; call engine.clearNonFinite() to go on',
    };
    await expect(program.run({ x: Int32Array.of(0, 3) })).rejects.toMatchObject(wrong);
    await expect(program.run({ x: Int32Array.of(0, 1) })).rejects.toMatchObject(wrong);
    expect([await engine.read(t), await engine.read(carried)]).toEqual(before);
    engine.clearNonFinite();
    await program.run({ x: Int32Array.of(0, 1) });
    expect(await engine.read(t)).not.toEqual(before[0]);
  });

  test("a run without updates that reads rejects, and the next is a new one", async () => {
    const [engine] = engines;
    const x = input([2], "i32");
    const program = await compile(engine, { inputs: { x }, outputs: { y: oneHot(add(x, x), 4) } });
    await expect(program.run({ x: Int32Array.of(0, 2) }, { read: ["y"] })).rejects.toMatchObject({
      code: "range",
      message:
        'program "program": a tensor of indices, i32[2], holds 4 at [1]; oneHot selects one of 4 places by it, so it must be -4 to 3',
    });
    expect((await program.run({ x: Int32Array.of(0, 1) }, { read: ["y"] })).y).toEqual(Float32Array.of(1, 0, 0, 0, 0, 0, 1, 0));
  });
});

test("a check of the host takes both ends by one comparison", () => {
  const range: InputRange = { input: "x", parts: [[0, 6, 6, 1]], low: -3, high: 2, op: "op", of: "3 rows" };
  const fits = (dtype: "i32" | "u32", low: number, high: number, value: number): boolean => {
    try {
      checkRanges([{ ...range, low, high, parts: [[0, 1, 1, 1]] }], { x: { dtype, shape: [1] } }, { x: of([value], dtype) });
      return true;
    } catch {
      return false;
    }
  };
  for (const value of [-(2 ** 31), -4, -3, -1, 0, 2, 3, 2 ** 31 - 1])
    expect(fits("i32", -3, 2, value), String(value)).toBe(value >= -3 && value <= 2);
  for (const value of [0, 2, 3, 2 ** 31, 2 ** 32 - 1]) expect(fits("u32", 0, 2, value), String(value)).toBe(value <= 2);
  expect(fits("i32", -(2 ** 31), 2 ** 31 - 1, 2 ** 31 - 1)).toBe(true);
  // the same on the GPU, by bits
  const { params } = indexCheckCall(range, [0, 6, 6, 1], 3);
  expect(params).toEqual({ count: 6, start: 0, length: 6, step: 6, low: 2 ** 32 - 3, span: 5, ignore: 2 ** 32 - 3, number: 3 });
});

test("a matrix product of computed indices keeps its other nodes", () => {
  const x = input([2], "i32");
  const y = matmul(oneHot(add(x, x), 4), variable("m", [4, 2]));
  const plan = makePlan({ inputs: { x }, outputs: { y }, updates: [] }, traits);
  expect(plan.nodes.map(({ node }) => node.op.name)).toEqual(["add", "index check", "oneHot", "matmul"]);
  expect(plan.checks).toEqual([{ low: -4, high: 3, op: "oneHot", of: "4 places", type: { dtype: "i32", shape: [2] } }]);
});
