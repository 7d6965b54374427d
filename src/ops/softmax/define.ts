import { type SoftmaxOptions, softmaxInputs, softmaxParams, softmaxShader } from "../../../shaders/softmax.wgsl.ts";
import { check } from "../../errors.ts";
import { type Binding, kernel, read, readWrite, write } from "../../graph/kernel.ts";
import type { Call, GradientContext, Lowering, Op, Operand, Variant } from "../../graph/op.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { formatType, type Shape, sameShape, sizeOf, type TensorType } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { TINY } from "../pointwise/define.ts";

export interface SoftmaxAttributes {
  /** Negative ones count from the end. */
  readonly axis: number;
}

/** One column of elements along the axis: what the formulas are written over. */
export interface SoftmaxSpec {
  readonly name: SoftmaxOptions["kind"];
  /** Fills `result` from the columns of the inputs. */
  readonly value: (inputs: readonly Float64Array[], result: Float64Array) => void;
  /** Bound of one element. */
  readonly error: (inputs: readonly Float64Array[], result: Float64Array, i: number) => number;
  readonly gradient: (context: GradientContext<SoftmaxAttributes>, axis: number) => readonly (Tensor | undefined)[];
  readonly flops: number;
}

export function normalizeAxis(op: string, x: TensorType, axis: unknown): number {
  const rank = x.shape.length;
  check(
    typeof axis === "number" && Number.isInteger(axis) && axis >= -rank && axis < rank,
    "argument",
    () =>
      `${op}: axis ${String(axis)} does not exist: x is ${formatType(x)}, so the axis is ${rank === 0 ? "none" : `${-rank} to ${rank - 1}`}`,
  );
  return axis < 0 ? axis + rank : axis;
}

/** A tensor seen as [outer, n, inner] around an axis. */
function around(shape: Shape, axis: number): { outer: number; n: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), n: shape[axis], inner: sizeOf(shape.slice(axis + 1)) };
}

/** An op along one axis, whose inputs and output have one shape. */
export function alongAxis(spec: SoftmaxSpec): Op<SoftmaxAttributes> {
  const { name } = spec;
  const names = softmaxInputs(name);
  const viewOf = ({ inputs: [x], attributes }: Call<SoftmaxAttributes>) => around(x.shape, normalizeAxis(name, x, attributes.axis));
  const variant = (shared: boolean): Variant<SoftmaxAttributes> => ({
    name: shared ? "workgroup" : "serial",
    allowed: (call) => !shared || viewOf(call).inner === 1,
    preference: (call, device) => (!shared ? 0 : !device.software && viewOf(call).n >= 32 ? 1 : -1),
    inPlace: ({ inputs }) => [...inputs.keys()].filter((i) => inputs.every((other, k) => k === i || other !== inputs[i])),
    plan: (call, _device, inPlace) => plan(name, names, viewOf(call), shared, inPlace),
  });
  const columns = (
    call: Call<SoftmaxAttributes>,
    arrays: readonly Float64Array[],
    visit: (columns: readonly Float64Array[], place: (r: number) => number) => void,
  ) => {
    const { outer, n, inner } = viewOf(call);
    const column = arrays.map(() => new Float64Array(n));
    for (let t = 0; t < outer * inner; t++) {
      const place = (r: number) => (Math.floor(t / inner) * n + r) * inner + (t % inner);
      arrays.forEach((array, k) => {
        for (let r = 0; r < n; r++) column[k][r] = array[place(r)];
      });
      visit(column, place);
    }
  };
  return {
    name,
    shape(inputs, { axis }) {
      check(
        inputs.length === names.length,
        "argument",
        () => `${name}: takes ${names.length} tensors (${names.join(", ")}), not ${inputs.length}`,
      );
      inputs.forEach((type, i) => {
        check(type.dtype === "f32", "dtype", () => `${name}: ${names[i]} is ${formatType(type)}; it must be f32`);
        check(
          sameShape(type.shape, inputs[0].shape),
          "shape",
          () => `${name}: ${names[0]} is ${formatType(inputs[0])} and ${names[i]} is ${formatType(type)}: the shapes differ`,
        );
      });
      normalizeAxis(name, inputs[0], axis);
      return [inputs[0]].map(({ dtype, shape }) => ({ dtype, shape }));
    },
    reference(call, inputs, [output]) {
      columns(call, inputs, (column, place) => {
        const result = new Float64Array(column[0].length);
        spec.value(column, result);
        result.forEach((value, r) => {
          output[place(r)] = value;
        });
      });
    },
    gradient: (context) => spec.gradient(context, normalizeAxis(name, context.inputs[0], context.attributes.axis)),
    kernels: [variant(false), variant(true)],
    cost: ({ inputs: [x] }) => ({ flops: spec.flops * sizeOf(x.shape), bytes: 4 * (names.length + 1) * sizeOf(x.shape) }),
    error(call, inputs, [output]) {
      const bound = new Float64Array(output.length);
      columns(call, [...inputs, output], (column, place) => {
        const result = column[column.length - 1];
        for (let r = 0; r < result.length; r++) bound[place(r)] = TINY + spec.error(column, result, r);
      });
      return [bound];
    },
  };
}

function plan(
  name: SoftmaxOptions["kind"],
  names: readonly string[],
  { outer, n, inner }: { outer: number; n: number; inner: number },
  shared: boolean,
  inPlace: number | undefined,
): Lowering {
  if (outer * n * inner === 0) return { dispatches: [] };
  const vector = inner % 4 === 0 ? "inner" : inner === 1 && n % 4 === 0 ? "along" : "none";
  const length = vector === "along" ? n / 4 : n;
  const width = vector === "inner" ? inner / 4 : inner;
  const workgroup = !shared ? 0 : length > 128 ? 256 : 64;
  const options: SoftmaxOptions = {
    kind: name,
    vector,
    shared: workgroup,
    inPlace: inPlace === undefined ? undefined : (names[inPlace] as SoftmaxOptions["inPlace"]),
  };
  const bindings: Record<string, Binding> = {};
  const operands: Record<string, Operand> = {};
  names.forEach((input, i) => {
    if (i === inPlace) return;
    bindings[`${input}_in`] = read("f32");
    operands[`${input}_in`] = { input: i };
  });
  bindings.result = inPlace === undefined ? write("f32") : readWrite("f32");
  operands.result = { output: 0 };
  return {
    dispatches: [
      {
        kernel: kernel({
          name: `${name} ${shared ? "workgroup" : "serial"}`,
          wgsl: softmaxShader(options),
          bindings,
          params: softmaxParams,
        }),
        bindings: operands,
        params: { size: outer * width, n: length, inner: width },
        workgroups: foldGrid(shared ? outer : Math.ceil((outer * width) / 64)),
      },
    ],
  };
}
