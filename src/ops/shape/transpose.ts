import { transposeBlockShader } from "../../../shaders/transpose-block.wgsl.ts";
import { transposeTileShader } from "../../../shaders/transpose-tile.wgsl.ts";
import { check } from "../../errors.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { Call, Op, Variant } from "../../graph/op.ts";
import { applyOne, type Tensor } from "../../graph/tensor.ts";
import { type DType, formatType, type Rank, type Shape, stridesOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { copyCost, exact, movable } from "./common.ts";
import { boxVariants, collapse, copyBoxReference, type StridedBox } from "./strided.ts";

export interface TransposeAttributes {
  /** Axis d of the output is axis permutation[d] of the input. */
  readonly permutation: readonly number[];
}

type TransposeCall = Call<TransposeAttributes>;

function boxOf({ inputs, outputs, attributes }: TransposeCall): StridedBox {
  const strides = stridesOf(inputs[0].shape);
  return { sizes: outputs[0].shape, strides: attributes.permutation.map((axis) => strides[axis]), base: 0 };
}

/** The call as a batch of matrices [rows, columns] that are transposed each, where it is that. */
function matricesOf(call: TransposeCall): { batch: number; rows: number; columns: number } | undefined {
  const { sizes, strides } = collapse(boxOf(call));
  const [columns, rows] = sizes.slice(-2);
  const [stepColumn, stepRow] = strides.slice(-2);
  if (sizes.length < 2 || sizes.length > 3 || stepColumn !== 1 || stepRow !== columns) return undefined;
  if (sizes.length === 3 && strides[0] !== rows * columns) return undefined;
  return { batch: sizes.length === 3 ? sizes[0] : 1, rows, columns };
}

const matricesFor = (call: TransposeCall) => {
  const matrices = matricesOf(call);
  check(matrices, "argument", "transpose: this variant is for matrices only");
  return matrices;
};

/** Through workgroup memory: for hardware. On software adapters its barriers make it 20 times slower than plain copying. */
const tile: Variant<TransposeAttributes> = {
  name: "tile",
  allowed: (call, device) => matricesOf(call) !== undefined && device.maxInvocations >= 256 && device.maxWorkgroupStorage >= 1088,
  preference: (_call, device) => (device.software ? -1 : 4),
  plan(call) {
    const { batch, rows, columns } = matricesFor(call);
    const params = { rows, columns, tile_rows: Math.ceil(rows / 16), tile_columns: Math.ceil(columns / 16), batch };
    return {
      dispatches: [
        {
          kernel: kernel({
            name: "transpose tile",
            wgsl: transposeTileShader(),
            bindings: { source: read("u32"), destination: write("u32") },
            params: { rows: "u32", columns: "u32", tile_rows: "u32", tile_columns: "u32", batch: "u32" },
          }),
          bindings: { source: { input: 0 }, destination: { output: 0 } },
          params,
          workgroups: foldGrid(params.tile_rows * params.tile_columns * batch),
        },
      ],
    };
  },
};

/** 4×4 blocks in registers: for software adapters. */
const block = (vec4: boolean): Variant<TransposeAttributes> => ({
  name: vec4 ? "block vec4" : "block",
  allowed: (call) => {
    const matrices = matricesOf(call);
    return matrices !== undefined && (!vec4 || (matrices.rows % 4 === 0 && matrices.columns % 4 === 0));
  },
  preference: () => (vec4 ? 3 : 2),
  plan(call) {
    const { batch, rows, columns } = matricesFor(call);
    const count = batch * Math.ceil(rows / 4) * Math.ceil(columns / 4);
    const unit = vec4 ? 4 : 1;
    return {
      dispatches: [
        {
          kernel: kernel({
            name: `transpose block${vec4 ? ", vec4" : ""}`,
            wgsl: transposeBlockShader({ vec4 }),
            bindings: { source: read("u32"), destination: write("u32") },
            params: { rows: "u32", columns: "u32", count: "u32" },
          }),
          bindings: { source: { input: 0 }, destination: { output: 0 } },
          params: { rows: rows / unit, columns: columns / unit, count },
          workgroups: foldGrid(Math.ceil(count / 64)),
        },
      ],
    };
  },
});

export const transposeOp: Op<TransposeAttributes> = {
  name: "transpose",
  shape([input], { permutation }) {
    const x = movable("transpose", "x", input);
    const rank = x.shape.length;
    check(
      Array.isArray(permutation) && permutation.length === rank && x.shape.every((_, d) => permutation.includes(d)),
      "argument",
      () => `transpose: the permutation is [${permutation}]; expected each axis of ${formatType(x)} once`,
    );
    return [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis]) }];
  },
  reference: (call, [x], [y]) => copyBoxReference(boxOf(call), x, y),
  moves: (call) => ({ boxes: [{ input: 0, box: boxOf(call) }] }),
  gradient({ attributes: { permutation }, gradients: [gradient] }) {
    const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
    return [gradient && transpose(gradient, inverse)];
  },
  kernels: [tile, block(true), block(false), ...boxVariants(boxOf)],
  cost: copyCost,
  error: exact,
};

/**
 * Axis d of the result is axis `permutation[d]` of x; without a permutation the axes are reversed. Up to 8 dimensions; f32, i32,
 * u32, every bit kept.
 * @throws UnrollError `argument` when the permutation does not name each axis once.
 */
export function transpose<D extends DType, S extends Shape>(x: Tensor<D, S>, permutation?: readonly number[]): Tensor<D, Rank<S>> {
  return applyOne(transposeOp, [x], { permutation: permutation ?? x?.shape?.map((_, d) => x.shape.length - 1 - d) });
}
