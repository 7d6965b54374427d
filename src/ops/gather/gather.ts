import { gatherShader } from "../../../shaders/gather.wgsl.ts";
import { gatherGradientRowsShader } from "../../../shaders/gather-gradient-rows.wgsl.ts";
import { gatherGradientScanShader } from "../../../shaders/gather-gradient-scan.wgsl.ts";
import { check, checkOptions } from "../../errors.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, DeviceTraits, Fused, Op, Variant } from "../../graph/op.ts";
import { applyOne, type F32, type Node, type Tensor } from "../../graph/tensor.ts";
import { byteLength, type DType, formatType, type Shape, sameShape, sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { sumTo } from "../reduce/sum-to.ts";
import { axisOf, movable } from "../shape/common.ts";
import { checkIndices, type GatherLayout, NAN_BITS, rowOf, rowRange } from "./layout.ts";
import { sortIndices } from "./sort.ts";

export interface GatherAttributes {
  readonly axis: number;
}

type GatherCall = Call<GatherAttributes>;

function layoutOf({ inputs: [table, indices], attributes: { axis } }: GatherCall): GatherLayout {
  return {
    outer: sizeOf(table.shape.slice(0, axis)),
    rows: table.shape[axis],
    inner: sizeOf(table.shape.slice(axis + 1)),
    positions: sizeOf(indices.shape),
  };
}

const variant = (vec4: boolean): Variant<GatherAttributes> => ({
  name: vec4 ? "vec4" : "scalar",
  allowed: (call) => !vec4 || layoutOf(call).inner % 4 === 0,
  preference: () => (vec4 ? 1 : 0),
  plan(call) {
    const { rows, inner, positions } = layoutOf(call);
    const unit = vec4 ? 4 : 1;
    const bias = call.inputs.length === 3;
    const count = sizeOf(call.outputs[0].shape) / unit;
    const element: DType = bias ? "f32" : "u32";
    const indices = call.inputs[1].dtype;
    return {
      dispatches: [
        {
          kernel: kernel({
            name: `gather${bias ? " + bias" : ""}${vec4 ? ", vec4" : ""}`,
            wgsl: gatherShader({ signed: indices === "i32", vec4, bias }),
            bindings: { table: read(element), indices: read(indices), ...(bias ? { bias: read(element) } : {}), y: write(element) },
            params: { count: "u32", inner: "u32", positions: "u32", rows: "u32", missing: "u32" },
          }),
          bindings: { table: { input: 0 }, indices: { input: 1 }, ...(bias ? { bias: { input: 2 } } : {}), y: { output: 0 } },
          params: { count, inner: inner / unit, positions, rows, missing: call.outputs[0].dtype === "f32" ? NAN_BITS : 0 },
          workgroups: foldGrid(Math.ceil(count / 64)),
        },
      ],
    };
  },
});

/** Takes over an f32 bias along the last axis, so that x·U + b of one-hot x is one dispatch. */
function absorb(node: Node<GatherAttributes>, consumer: Node): Fused | undefined {
  const [table, indices] = node.inputs;
  const [output] = node.outputs;
  if (consumer.op.epilogue?.kind !== "bias" || node.inputs.length !== 2 || consumer.inputs.length !== 2) return undefined;
  const bias = consumer.inputs.find((tensor) => tensor !== output);
  const fits =
    bias !== undefined &&
    table.dtype === "f32" &&
    bias.dtype === "f32" &&
    table.shape.length === node.attributes.axis + 2 &&
    bias.shape.length === 1 &&
    bias.shape[0] === table.shape[node.attributes.axis + 1];
  return fits ? { op: gatherOp, inputs: [table, indices, bias], attributes: node.attributes } : undefined;
}

/** Inputs table, indices and perhaps a bias along the last axis. */
export const gatherOp: Op<GatherAttributes> = {
  name: "gather",
  shape([first, second, bias], { axis }) {
    const table = movable("gather", "table", first);
    const indices = checkIndices("gather", second);
    check(
      Number.isInteger(axis) && axis >= 0 && axis < table.shape.length,
      "argument",
      () => `gather: axis ${axis} is not one of table, which is ${formatType(table)}`,
    );
    check(
      table.shape[axis] > 0 || sizeOf(indices.shape) === 0,
      "shape",
      () => `gather: table is ${formatType(table)}: axis ${axis} has nothing that an index could mean`,
    );
    const shape = [...table.shape.slice(0, axis), ...indices.shape, ...table.shape.slice(axis + 1)];
    if (bias)
      check(
        table.dtype === "f32" && bias.dtype === "f32" && table.shape.length === axis + 2 && sizeOf(bias.shape) === table.shape[axis + 1],
        "shape",
        () => `gather: table is ${formatType(table)} and bias is ${formatType(bias)}; expected f32 and as many as the last axis has`,
      );
    return [{ dtype: table.dtype, shape }];
  },
  reference(call, [table, indices, bias], [y]) {
    const { outer, rows, inner, positions } = layoutOf(call);
    const missing = call.outputs[0].dtype === "f32" ? Number.NaN : 0;
    for (let o = 0; o < outer; o++)
      for (let n = 0; n < positions; n++) {
        const row = rowOf(indices[n], rows);
        for (let c = 0; c < inner; c++)
          y[(o * positions + n) * inner + c] = row === undefined ? missing : table[(o * rows + row) * inner + c] + (bias ? bias[c] : 0);
      }
  },
  indices: ({ inputs: [table, indices], attributes: { axis } }) => [undefined, rowRange(indices, table.shape[axis], "rows", 0)],
  gradient({ inputs: [table, indices, bias], attributes: { axis }, gradients: [gradient], needs }) {
    if (!gradient) return [undefined, undefined, undefined];
    return [
      needs[0] ? gatherGradient(gradient as F32, indices as Tensor<"i32" | "u32">, { axis, rows: table.shape[axis] }) : undefined,
      undefined,
      bias && needs[2] ? sumTo(gradient as F32, bias.shape) : undefined,
    ];
  },
  kernels: [variant(true), variant(false)],
  absorb,
  cost: ({ inputs, outputs: [y] }) => ({
    flops: inputs.length === 3 ? sizeOf(y.shape) : 0,
    bytes: 2 * byteLength(y) + inputs.slice(1).reduce((sum, type) => sum + byteLength(type), 0),
  }),
  // A copy is exact; the sum with a bias is rounded once, in a direction that WGSL leaves open.
  error: ({ inputs }, _arrays, [y]) => [inputs.length === 3 ? y.map((value) => 2 ** -23 * Math.abs(value) + 1e-37) : 0],
};

/**
 * Rows of a table: the result has the shape of the table with `axis` replaced by the shape of the indices. With axis 0 and a table
 * [V, F] this is an embedding, or the product of one-hot rows with the table: indices [T, B] → [T, B, F]. Negative i32 indices count
 * from the end, as in ONNX. A run with an index that is still out of range rejects with `range`; the row is NaN (0 for integers).
 * @param table f32, i32 or u32.
 * @param options `axis`, default 0; negative counts from the end.
 * @throws UnrollError `dtype` when the indices are no integers, `shape` when there is nothing to index.
 */
export function gather<D extends DType>(
  table: Tensor<D>,
  indices: Tensor<"i32" | "u32">,
  options: { axis?: number } = {},
): Tensor<D, Shape> {
  checkOptions("gather", options, ["axis"]);
  const axis = axisOf("gather", options.axis ?? 0, movable("gather", "table", table));
  return applyOne(gatherOp, [table, indices], { axis });
}

export interface GatherGradientAttributes {
  readonly axis: number;
  /** Rows of the table. */
  readonly rows: number;
}

type GatherGradientCall = Call<GatherGradientAttributes>;

/**
 * Above this many index loads, sorting is cheaper than looking for each row in all indices. On SwiftShader with 8,192 positions and
 * 128 rows sorting took an eighth of the time; with 2,048 and 64 they took the same.
 */
const mostScanned = (device: DeviceTraits): number => (device.software ? 2 ** 18 : 2 ** 24);

function gradientLayout({ inputs: [gradient, indices], attributes: { axis, rows } }: GatherGradientCall): GatherLayout {
  return {
    outer: sizeOf(gradient.shape.slice(0, axis)),
    rows,
    inner: sizeOf(gradient.shape.slice(axis + indices.shape.length)),
    positions: sizeOf(indices.shape),
  };
}

/** Params and grid of the kernels that own a row and 64 columns in a workgroup. */
function rowGrid(layout: GatherLayout, vec4: boolean) {
  const inner = layout.inner / (vec4 ? 4 : 1);
  const tiles = Math.max(1, Math.ceil(inner / 64));
  return { params: { ...layout, inner, tiles }, workgroups: foldGrid(tiles * layout.rows * layout.outer) };
}

const PARAMS = { inner: "u32", positions: "u32", rows: "u32", outer: "u32", tiles: "u32" } as const;

const scan = (vec4: boolean): Variant<GatherGradientAttributes> => ({
  name: vec4 ? "scan vec4" : "scan",
  allowed: (call) => !vec4 || gradientLayout(call).inner % 4 === 0,
  preference(call, device) {
    const { params } = rowGrid(gradientLayout(call), vec4);
    return (params.rows * params.positions * params.tiles * params.outer <= mostScanned(device) ? 2 : 0) + (vec4 ? 0.5 : 0);
  },
  plan(call) {
    const indices = call.inputs[1].dtype;
    const wgsl = gatherGradientScanShader({ signed: indices === "i32", vec4 });
    const bindings = { gradient: read("f32"), indices: read(indices), y: write("f32") };
    return {
      dispatches: [
        {
          kernel: kernel({ name: `gather gradient, scan${vec4 ? ", vec4" : ""}`, wgsl, bindings, params: PARAMS }),
          bindings: { gradient: { input: 0 }, indices: { input: 1 }, y: { output: 0 } },
          ...rowGrid(gradientLayout(call), vec4),
        },
      ],
    };
  },
});

const sorted = (vec4: boolean): Variant<GatherGradientAttributes> => ({
  name: vec4 ? "sort vec4" : "sort",
  allowed: (call) => !vec4 || gradientLayout(call).inner % 4 === 0,
  preference: () => (vec4 ? 1.5 : 1),
  plan(call) {
    const layout = gradientLayout(call);
    const { dispatches, temporaries, keys, order } = sortIndices(
      { input: 1 },
      call.inputs[1].dtype === "i32",
      layout.positions,
      layout.rows,
    );
    const wgsl = gatherGradientRowsShader({ vec4 });
    const bindings = { gradient: read("f32"), keys: read("u32"), order: read("u32"), y: write("f32") };
    dispatches.push({
      kernel: kernel({ name: `gather gradient, rows${vec4 ? ", vec4" : ""}`, wgsl, bindings, params: PARAMS }),
      bindings: { gradient: { input: 0 }, keys, order, y: { output: 0 } },
      ...rowGrid(layout, vec4),
    });
    return { dispatches, temporaries };
  },
});

/** Adds term(g[o, n, c]) to y[o, row(n), c]. */
function scatterAdd(
  call: GatherGradientCall,
  [gradient, indices]: readonly Float64Array[],
  y: Float64Array,
  term = (g: number) => g,
): void {
  const { outer, rows, inner, positions } = gradientLayout(call);
  for (let o = 0; o < outer; o++)
    for (let n = 0; n < positions; n++) {
      const row = rowOf(indices[n], rows);
      if (row === undefined) continue;
      for (let c = 0; c < inner; c++) y[(o * rows + row) * inner + c] += term(gradient[(o * positions + n) * inner + c]);
    }
}

export const gatherGradientOp: Op<GatherGradientAttributes> = {
  name: "gatherGradient",
  shape([first, second], { axis, rows }) {
    const gradient = movable("gatherGradient", "gradient", first);
    const indices = checkIndices("gatherGradient", second);
    check(gradient.dtype === "f32", "dtype", () => `gatherGradient: gradient is ${formatType(gradient)}; expected f32`);
    check(
      Number.isInteger(axis) && axis >= 0 && sameShape(gradient.shape.slice(axis, axis + indices.shape.length), indices.shape),
      "shape",
      () =>
        `gatherGradient: gradient is ${formatType(gradient)}: it does not have the shape of indices, ${formatType(indices)}, from axis ${axis} on`,
    );
    check(
      Number.isInteger(rows) && rows >= (sizeOf(indices.shape) > 0 ? 1 : 0),
      "argument",
      () => `gatherGradient: rows must be a whole number of at least 1, not ${rows}`,
    );
    const { shape } = gradient;
    return [{ dtype: "f32", shape: [...shape.slice(0, axis), rows, ...shape.slice(axis + indices.shape.length)] }];
  },
  reference(call, inputs, [y]) {
    y.fill(0);
    scatterAdd(call, inputs, y);
  },
  indices: ({ inputs: [, indices], attributes: { rows } }) => [undefined, rowRange(indices, rows, "rows")],
  gradient: ({ inputs: [, indices], attributes: { axis }, gradients: [gradient] }) => [
    gradient && gather(gradient, indices as Tensor<"i32" | "u32">, { axis }),
    undefined,
  ],
  kernels: [scan(true), scan(false), sorted(true), sorted(false)],
  cost: ({ inputs, outputs: [y] }) => ({
    flops: sizeOf(inputs[0].shape),
    bytes: byteLength(inputs[0]) + byteLength(inputs[1]) + byteLength(y),
  }),
  // Sums of k terms in blocks of up to 2048, whose roundings mostly cancel; a single term is copied.
  error(call, inputs, [y]) {
    const sums = new Float64Array(y.length);
    const counts = new Float64Array(y.length);
    scatterAdd(call, inputs, sums, Math.abs);
    scatterAdd(call, inputs, counts, () => 1);
    return [
      sums.map((sum, i) => (counts[i] > 1 ? 2 * Math.sqrt(Math.min(counts[i], 2048) + counts[i] / 256) * 2 ** -24 * sum : 0) + 1e-37),
    ];
  },
};

/**
 * The gradient of `gather` to its table: row v of axis `axis` is the sum of all gradients at positions whose index means v, other
 * rows are 0. An index out of range adds nothing, and the run rejects with `range`. Sums in a fixed order, without atomics: the same bits in each run.
 * @param gradient f32 of the shape that gather returned.
 * @param options `axis` of the table, `rows` of it.
 */
export function gatherGradient(gradient: F32, indices: Tensor<"i32" | "u32">, options: GatherGradientAttributes): F32<Shape> {
  return applyOne(gatherGradientOp, [gradient, indices], options);
}
