import { describe, expect, test } from "vitest";
import { type ErrorCode, UnrollError } from "../../src/errors.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { crossEntropy, squaredError } from "../../src/nn/losses.ts";
import { type CrossEntropyOptions, nllLoss, softmaxCrossEntropy } from "../../src/ops/loss/classification.ts";
import { meanSquaredError, squaredErrors, sumSquaredError } from "../../src/ops/loss/squared-error.ts";
import { evaluate } from "../../src/program/evaluate.ts";
import { gradient } from "../../src/program/gradient.ts";

const wave = (n: number, scale = 1): Float64Array => Float64Array.from({ length: n }, (_, i) => scale * Math.sin(1.7 * i + 0.3));

/** The gradient of a graph against central differences of its references. */
function expectGradient(loss: Tensor, x: Tensor, feeds: Map<Tensor, ArrayLike<number>>): void {
  const [analytic] = evaluate([gradient(loss, [x]).tensors[0]], feeds);
  const values = Float64Array.from(feeds.get(x) as ArrayLike<number>);
  const at = (i: number, h: number): number => {
    const moved = values.slice();
    moved[i] += h;
    return evaluate([loss], new Map(feeds).set(x, moved))[0][0];
  };
  const h = 1e-5;
  analytic.forEach((g, i) => {
    expect(Math.abs(g - (at(i, h) - at(i, -h)) / (2 * h))).toBeLessThan(1e-8 * Math.max(1, Math.abs(g)));
  });
}

describe("squared error", () => {
  const y = input([2, 3]);
  const t = input([2, 3]);
  const mask = input([2]);
  const feeds = new Map<Tensor, ArrayLike<number>>([
    [y, [1, 2, 3, 4, 5, 6]],
    [t, [1, 1, 1, 1, 1, 1]],
    [mask, [1, 0]],
  ]);

  test("values", () => {
    const losses = [sumSquaredError(y, t), meanSquaredError(y, t), meanSquaredError(y, t, { mask }), squaredErrors(y, t, { mask })];
    expect(evaluate(losses, feeds).map((value) => [...value])).toEqual([[55], [55 / 6], [5 / 3], [0, 1, 4, 0, 0, 0]]);
    expect(evaluate([meanSquaredError(y, t, { mask })], new Map(feeds).set(mask, [0, 0]))[0][0]).toBe(0);
  });

  test("gradients to y and to the target", () => {
    for (const loss of [sumSquaredError(y, t), meanSquaredError(y, t), meanSquaredError(y, t, { mask }), sumSquaredError(y, t, { mask })]) {
      expectGradient(loss, y, feeds);
      expectGradient(loss, t, feeds);
    }
    expectGradient(sumSquaredError(squaredErrors(y, t, { mask }), t), y, feeds);
  });
});

describe("cross-entropy", () => {
  const x = input([4, 3]);
  const labels = input([4], "i32");
  const probabilities = input([4, 3]);
  const mask = input([4]);
  const classWeights = input([3]);
  const feeds = new Map<Tensor, ArrayLike<number>>([
    [x, wave(12)],
    [labels, [0, 2, 1, 2]],
    [probabilities, wave(12).map((v) => v * v)],
    [mask, [1, 0.5, 0, 2]],
    [classWeights, [0.5, 1, 2]],
  ]);
  const value = (target: typeof labels | typeof probabilities, options: CrossEntropyOptions = {}) =>
    evaluate([softmaxCrossEntropy(x, target, options)], feeds)[0];
  /** −log softmax, straight from the definition. */
  const surprise = [0, 1, 2, 3].map((r) => {
    const row = wave(12).slice(3 * r, 3 * r + 3);
    const sum = row.reduce((total, v) => total + Math.exp(v), 0);
    return [...row].map((v) => Math.log(sum) - v);
  });

  test("values from the definition", () => {
    const own = [surprise[0][0], surprise[1][2], surprise[2][1], surprise[3][2]];
    const sum = own.reduce((a, b) => a + b);
    expect(value(labels)[0]).toBeCloseTo(sum / 4, 12);
    expect(value(labels, { reduction: "sum" })[0]).toBeCloseTo(sum, 12);
    [...value(labels, { reduction: "none" })].forEach((v, r) => {
      expect(v).toBeCloseTo(own[r], 12);
    });
    expect(value(labels, { mask })[0]).toBeCloseTo((own[0] + 0.5 * own[1] + 2 * own[3]) / 3.5, 12);
    expect(value(labels, { classWeights })[0]).toBeCloseTo((0.5 * own[0] + 2 * own[1] + own[2] + 2 * own[3]) / 5.5, 12);
    expect(value(labels, { ignoreIndex: 2 })[0]).toBeCloseTo((own[0] + own[2]) / 2, 12);
    const even = surprise.map((row) => (row[0] + row[1] + row[2]) / 3);
    expect(value(labels, { labelSmoothing: 0.3 })[0]).toBeCloseTo((0.7 * sum + 0.3 * even.reduce((a, b) => a + b)) / 4, 12);
    const expected = surprise.reduce((total, row, r) => total + row.reduce((a, v, c) => a + v * wave(12)[3 * r + c] ** 2, 0), 0);
    expect(value(probabilities)[0]).toBeCloseTo(expected / 4, 12);
  });

  test("large logits, one class, nothing counted, a label that is no class", () => {
    const large = evaluate([softmaxCrossEntropy(x, labels)], new Map(feeds).set(x, wave(12, 1e4)))[0][0];
    expect(large).toBeGreaterThan(0);
    expect(Number.isFinite(large)).toBe(true);
    const one = input([2, 1]);
    const zero = input([2], "u32");
    expect(
      evaluate(
        [softmaxCrossEntropy(one, zero)],
        new Map<Tensor, number[]>([
          [one, [5, -3]],
          [zero, [0, 0]],
        ]),
      )[0][0],
    ).toBe(0);
    const none = softmaxCrossEntropy(x, labels, { ignoreIndex: 2 });
    expect(evaluate([none], new Map(feeds).set(labels, [2, 2, 2, 2]))[0][0]).toBe(0);
    expect(evaluate([none], new Map(feeds).set(labels, [0, 3, 1, 1]))[0][0]).toBeNaN();
  });

  test("gradients", () => {
    const options: CrossEntropyOptions[] = [
      {},
      { mask },
      { classWeights, labelSmoothing: 0.2 },
      { mask, classWeights, ignoreIndex: 2, labelSmoothing: 0.1 },
    ];
    for (const reduction of ["mean", "sum"] as const)
      for (const option of options) {
        expectGradient(softmaxCrossEntropy(x, labels, { ...option, reduction }), x, feeds);
        const { ignoreIndex: _, ...rest } = option;
        expectGradient(softmaxCrossEntropy(x, probabilities, { ...rest, reduction }), x, feeds);
        const { labelSmoothing: __, ...plain } = option;
        expectGradient(nllLoss(x, labels, { ...plain, reduction }), x, feeds);
      }
    const each = softmaxCrossEntropy(x, labels, { reduction: "none", classWeights });
    expectGradient(sumSquaredError(each, mask), x, feeds);
  });

  test("the class axis may be any; nllLoss of logarithms is the same", () => {
    const images = input([2, 3, 2]);
    const pixels = input([2, 2], "i32");
    const values = new Map<Tensor, ArrayLike<number>>([
      [images, wave(12)],
      [pixels, [0, 1, 2, 0]],
    ]);
    expectGradient(softmaxCrossEntropy(images, pixels, { axis: 1 }), images, values);
    const logarithms = wave(12).map((_, i) => -surprise[Math.floor(i / 3)][i % 3]);
    const [a] = evaluate([nllLoss(x, labels, { classWeights })], new Map(feeds).set(x, logarithms));
    expect(a[0]).toBeCloseTo(value(labels, { classWeights })[0], 12);
  });
});

describe("loss values", () => {
  test("tell their target's type and compare", () => {
    const type = { dtype: "f32", shape: [5, 2, 7] } as const;
    expect(crossEntropy().targetType(type)).toEqual({ dtype: "i32", shape: [5, 2] });
    expect(crossEntropy({ target: "probabilities" }).targetType(type)).toEqual(type);
    expect(squaredError().targetType(type)).toEqual(type);
    const y = input([5, 2, 7]);
    expect(crossEntropy({ labelSmoothing: 0.1 }).apply(y, input([5, 2], "i32"), input([5, 2])).shape).toEqual([]);
    expect(squaredError({ reduction: "sum" }).apply(y, input([5, 2, 7]), input([5, 2])).shape).toEqual([]);
  });
});

const x = input([4, 3]);
const labels = input([4], "i32");
const wrong: readonly (readonly [string, () => unknown, ErrorCode, RegExp])[] = [
  ["shapes differ", () => meanSquaredError(x, input([3, 4])), "shape", /meanSquaredError: y is f32\[4, 3\] and target is f32\[3, 4\]/],
  ["integers", () => sumSquaredError(x, input([4, 3], "i32") as never), "dtype", /target is i32\[4, 3\]; it must be f32/],
  [
    "mask of another size",
    () => sumSquaredError(x, x, { mask: input([3]) }),
    "shape",
    /mask is f32\[3\]; its sizes must be the first sizes of y/,
  ],
  ["nothing", () => meanSquaredError(input([0, 3]), input([0, 3])), "shape", /nothing to compare/],
  ["no tensor", () => meanSquaredError(x, 3 as never), "argument", /meanSquaredError: target must be a tensor/],
  [
    "labels of another size",
    () => softmaxCrossEntropy(x, input([3], "i32")),
    "shape",
    /logits is f32\[4, 3\] and the labels are i32\[3\]; they must be i32\[4\]/,
  ],
  ["f32 labels", () => softmaxCrossEntropy(x, input([4])), "shape", /probabilities have the shape of the logits, labels are i32\[4\]/],
  ["f16 labels", () => softmaxCrossEntropy(x, input([4], "f16") as never), "dtype", /they must be i32 or u32, or probabilities as f32/],
  ["integer logits", () => softmaxCrossEntropy(labels as never, labels), "dtype", /logits is i32\[4\]; it must be f32/],
  ["scalar logits", () => softmaxCrossEntropy(input([]), input([], "i32")), "shape", /it needs an axis of classes/],
  ["axis out of range", () => softmaxCrossEntropy(x, labels, { axis: 2 }), "argument", /there is no axis 2/],
  [
    "smoothing above 1",
    () => softmaxCrossEntropy(x, labels, { labelSmoothing: 2 }),
    "argument",
    /labelSmoothing must be from 0 to 1, not 2/,
  ],
  [
    "unknown reduction",
    () => softmaxCrossEntropy(x, labels, { reduction: "max" as never }),
    "argument",
    /"mean", "sum" or "none", not "max"/,
  ],
  [
    "mask of another shape",
    () => softmaxCrossEntropy(x, labels, { mask: input([4, 3]) }),
    "shape",
    /mask is f32\[4, 3\]; it must have one value per row: f32\[4\]/,
  ],
  [
    "class weights of another size",
    () => softmaxCrossEntropy(x, labels, { classWeights: input([4]) }),
    "shape",
    /one value per class: f32\[3\]/,
  ],
  ["ignored probabilities", () => softmaxCrossEntropy(x, x, { ignoreIndex: 1 }), "argument", /ignoreIndex is for labels/],
  [
    "broken ignoreIndex",
    () => softmaxCrossEntropy(x, labels, { ignoreIndex: 0.5 }),
    "argument",
    /ignoreIndex must be a whole number, not 0.5/,
  ],
  [
    "nllLoss of probabilities",
    () => nllLoss(x, input([4, 3]) as never),
    "dtype",
    /nllLoss: the labels are f32\[4, 3\]; they must be i32 or u32/,
  ],
  ["labels as an array", () => softmaxCrossEntropy(x, [1, 2] as never), "argument", /the second argument must be a tensor/],
  ["a loss value without reduction", () => crossEntropy({ reduction: "none" as never }), "argument", /a trainer needs one number/],
  ["a loss value of text", () => crossEntropy({ target: "words" as never }), "argument", /"indices" or "probabilities", not "words"/],
  ["a squared loss value per element", () => squaredError({ reduction: "none" as never }), "argument", /a trainer needs one number/],
  [
    "second derivative",
    () => {
      const first = gradient(softmaxCrossEntropy(x, labels), [x]).tensors[0];
      return gradient(sumSquaredError(first, input([4, 3])), [x]);
    },
    "gradient",
    /softmaxCrossEntropy has no second derivative/,
  ],
];

describe("misuse", () => {
  test.each(wrong)("%s", (_name, call, code, message) => {
    try {
      call();
    } catch (error) {
      expect(error).toBeInstanceOf(UnrollError);
      expect((error as UnrollError).code).toBe(code);
      expect((error as UnrollError).message).toMatch(message);
      return;
    }
    expect.unreachable("no error");
  });
});
