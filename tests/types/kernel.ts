/* What TypeScript knows of kernels and ops. Checked by `npm run typecheck`; never run. */
import { kernel, type Op, read, write } from "../../src/index.ts";

const double = kernel({
  name: "double",
  wgsl: "",
  bindings: { x: read("f32"), y: write("f32") },
  params: { size: "u32" },
  workgroups: ({ params }) => [Math.ceil(params.size / 64), 1, 1],
  cost: ({ lengths }) => ({ flops: lengths.x, bytes: 8 * lengths.x }),
  reference: ({ x, y }, { size }) => {
    for (let i = 0; i < size; i++) y[i] = 2 * x[i];
  },
});

kernel({
  name: "wrong",
  wgsl: "",
  bindings: { x: read("f32") },
  // @ts-expect-error there is no binding z
  reference: ({ z }) => z.fill(0),
});
// @ts-expect-error there is no such dtype
kernel({ name: "wrong", wgsl: "", bindings: { x: read("f64") } });
// @ts-expect-error a kernel needs WGSL
kernel({ name: "wrong", bindings: { x: read("f32") } });
// @ts-expect-error params are 4-byte scalars
kernel({ name: "wrong", wgsl: "", bindings: { x: read("f32") }, params: { size: "u64" } });

const faces = {
  name: "double",
  shape: ([x]) => [x],
  reference: (_, [x], [y]) => y.set(x.map((value) => 2 * value)),
  gradient: () => [undefined],
  kernels: [],
  cost: () => ({ flops: 0, bytes: 0 }),
  error: () => [0],
} satisfies Op<Record<never, never>>;

// An op without one of its six faces does not compile.
const { shape: _shape, ...withoutShape } = faces;
const { reference: _reference, ...withoutReference } = faces;
const { gradient: _gradient, ...withoutGradient } = faces;
const { kernels: _kernels, ...withoutKernels } = faces;
const { cost: _cost, ...withoutCost } = faces;
const { error: _error, ...withoutError } = faces;
// @ts-expect-error no shape
export const a: Op<Record<never, never>> = withoutShape;
// @ts-expect-error no reference
export const b: Op<Record<never, never>> = withoutReference;
// @ts-expect-error no gradient
export const c: Op<Record<never, never>> = withoutGradient;
// @ts-expect-error no kernels
export const d: Op<Record<never, never>> = withoutKernels;
// @ts-expect-error no cost
export const e: Op<Record<never, never>> = withoutCost;
// @ts-expect-error no error bound
export const f: Op<Record<never, never>> = withoutError;

export const used = [double];
