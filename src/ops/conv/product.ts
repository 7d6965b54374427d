import type { Call, DeviceTraits, Variant } from "../../graph/op.ts";
import { type Shape, sizeOf, type TensorType } from "../../graph/types.ts";
import type { MatmulKernel } from "../matmul/lower.ts";
import { type MatmulAttributes, matmulProblem } from "../matmul/problem.ts";
import { lowerWith, matmulKernels } from "../matmul/variants.ts";
import { type ConvAttributes, type Geometry, isProduct } from "./problem.ts";

/** All pixels as the rows of a matrix of channels; of a filter of one tap, [C_in, C_out]. */
const asMatrix = ({ dtype, shape }: TensorType): TensorType => {
  if (shape.length < 2) return { dtype, shape };
  const matrix: Shape = [sizeOf(shape.slice(0, -1)), shape[shape.length - 1]];
  return { dtype, shape: matrix };
};

/** Where the filter is one tap on every pixel: the product of matrices, whose kernel for this device is taken. */
export function productVariant<A extends ConvAttributes>(
  geometry: (call: Call<A>) => Geometry,
  { transposeA = false, transposeB = false }: Partial<MatmulAttributes>,
): Variant<A> {
  const product = (call: Call<A>): Call<MatmulAttributes> => {
    const { activation } = call.attributes;
    return {
      inputs: call.inputs.map(asMatrix),
      outputs: call.outputs.map(asMatrix),
      attributes: { transposeA, transposeB, ...(activation ? { activation } : {}) },
    };
  };
  const kernelFor = (call: Call<MatmulAttributes>, device: DeviceTraits): MatmulKernel => {
    const problem = matmulProblem(call);
    const allowed = matmulKernels.filter((shape) => shape.allowed(problem, device));
    return allowed.reduce((best, shape) => (shape.preference(problem, device) > best.preference(problem, device) ? shape : best));
  };
  return {
    name: "1×1 as matmul",
    allowed: (call) => isProduct(geometry(call)),
    preference: () => 9,
    plan: (call, device) => lowerWith(product(call), kernelFor(product(call), device)),
  };
}
