import { type PointwiseOptions, pointwiseName, pointwiseParams, pointwiseShader } from "../../../shaders/pointwise.wgsl.ts";
import { type Binding, kernel, read, readWrite, write } from "../../graph/kernel.ts";
import type { DeviceTraits, Lowering, Operand } from "../../graph/op.ts";
import type { Shape } from "../../graph/types.ts";
import { sizeOf } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { isLinear, mergeAxes } from "./broadcast.ts";

/** What a pointwise kernel needs to know of a call. */
export interface PointwisePlan {
  readonly name: string;
  readonly dtype: "f32" | "i32" | "u32";
  readonly shape: Shape;
  /** Of each input along the output's axes. */
  readonly strides: readonly (readonly number[])[];
  readonly expression: string;
  readonly library: string;
  readonly params: Readonly<Record<string, number>>;
}

/** Elements (or vec4s) per invocation. Starting an invocation is dear in software; a GPU rather wants many of them. */
function elementsEach(count: number, device: DeviceTraits): number {
  return device.software ? Math.max(1, Math.min(8, Math.floor(count / 1024))) : Math.max(1, Math.min(4, Math.floor(count / 2 ** 20)));
}

/** One dispatch that computes a pointwise function of all inputs. */
export function planPointwise(plan: PointwisePlan, vector: boolean, inPlace: number | undefined, device: DeviceTraits): Lowering {
  const size = sizeOf(plan.shape);
  if (size === 0) return { dispatches: [] };
  const { shape, strides } = mergeAxes(plan.shape, plan.strides);
  const inner = shape.length - 1;
  const options: PointwiseOptions = {
    dtype: plan.dtype,
    rank: shape.length,
    vector,
    expression: plan.expression,
    library: plan.library,
    attributes: Object.keys(plan.params),
    inputs: strides.map((s, i) => ({
      name: pointwiseName(i),
      mode: isLinear(shape, s) ? "linear" : s.every((stride) => stride === 0) ? "scalar" : "strided",
      splat: inner < 0 || s[inner] === 0,
      inPlace: i === inPlace,
    })),
  };
  const per = vector ? 4 : 1;
  const count = size / per;
  const each = elementsEach(count, device);
  const values: Record<string, number> = { size: count, each };
  shape.forEach((n, axis) => {
    values[`n${axis}`] = axis === inner ? n / per : n;
  });
  strides.forEach((s, i) => {
    const { name, splat } = options.inputs[i];
    s.forEach((stride, axis) => {
      values[`s${name}${axis}`] = splat || axis === inner ? stride : stride / per;
    });
  });
  const names = pointwiseParams(options);
  const bindings: Record<string, Binding> = {};
  const operands: Record<string, Operand> = {};
  options.inputs.forEach(({ name }, i) => {
    if (i === inPlace) return;
    bindings[name] = read(plan.dtype);
    operands[name] = { input: i };
  });
  bindings.y = inPlace === undefined ? write(plan.dtype) : readWrite(plan.dtype);
  operands.y = { output: 0 };
  const params: Record<string, "u32" | "f32"> = {};
  const numbers: Record<string, number> = {};
  for (const name of names) {
    params[name] = "u32";
    numbers[name] = values[name];
  }
  for (const [name, value] of Object.entries(plan.params)) {
    params[name] = "f32";
    numbers[name] = value;
  }
  return {
    dispatches: [
      {
        kernel: kernel({ name: plan.name, wgsl: pointwiseShader(options), bindings, params }),
        bindings: operands,
        params: numbers,
        workgroups: foldGrid(Math.ceil(count / (64 * each))),
      },
    ],
  };
}
