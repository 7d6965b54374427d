import type { Reduction } from "../../../shaders/lib/reduce.wgsl.ts";
import { type ReduceOptions, reduceParams, reduceShader } from "../../../shaders/reduce.wgsl.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { DeviceTraits, Dispatch, Lowering, Operand } from "../../graph/op.ts";
import type { Shape, TensorType } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";
import { type Stage, stagesOf } from "./axes.ts";

/** A reduction in up to three forms: the first stage maps what it loads, the last one finishes, those between only combine. */
export interface ReductionKind {
  /** Maps and finishes. */
  readonly whole: Reduction;
  /** Maps, does not finish: its results are combined later. */
  readonly first: Reduction;
  /** Combines partial results. */
  readonly middle: Reduction;
  /** Combines partial results and finishes. */
  readonly last: Reduction;
  /** The result of reducing nothing. */
  readonly empty: number;
}

/** Invocations that keep the device busy. */
const busy = (device: DeviceTraits): number => (device.software ? 512 : 32768);

interface Pass extends Stage {
  readonly chunks: number;
  readonly chunk: number;
  readonly vector: ReduceOptions["vector"];
  readonly shared: ReduceOptions["shared"];
}

/** Elements of a column sum that one pass takes on a software adapter: there a second dispatch costs more than the idle core. */
const ONE_PASS = 2 ** 19;
/** Columns up to which a software adapter takes a small sum's one by one: as vec4 they leave its lanes idle and need a pipeline of their own. */
const NARROW = 16;
/** Rows from which a column sum on a GPU is always split, however few they are. */
const SPLIT_ROWS = 32;

/**
 * Chunks of a sum down columns, where a rule of their own applies. These are the gradients of biases, sums over time and batch: the
 * number of passes must not depend on the length of the sequence.
 */
function columns({ reduce, inner, outer }: Stage, device: DeviceTraits, wanted: number): number | undefined {
  if (inner === 1) return undefined;
  if (device.software) return outer * reduce * inner <= ONE_PASS ? 1 : undefined;
  return wanted > 1 && reduce >= SPLIT_ROWS ? Math.min(wanted, Math.max(2, Math.floor(reduce / 64)), 1024) : undefined;
}

/**
 * A stage as one pass, or as two where one would leave the device idle.
 * @param software whether the adapter is one; `device` says so for every second pass, which is short.
 */
function passesOf(stage: Stage, shared: boolean, device: DeviceTraits, software = device.software): Pass[] {
  const { outer, reduce, inner } = stage;
  const narrow = software && inner > 1 && inner <= NARROW && outer * reduce * inner <= ONE_PASS;
  const vector = inner % 4 === 0 && !narrow ? "inner" : inner === 1 && reduce % 4 === 0 && reduce > 0 ? "along" : "none";
  const cooperative = shared && inner === 1 && reduce > 1;
  const length = vector === "along" ? reduce / 4 : reduce;
  const workgroup = !cooperative ? 0 : length > 128 ? 256 : 64;
  const invocations = outer * (vector === "inner" ? inner / 4 : inner) * Math.max(1, workgroup);
  // An invocation keeps at least 64 elements, so that the second pass is short.
  const wanted = Math.ceil(busy(device) / Math.max(1, invocations));
  const chunks = columns(stage, device, wanted) ?? Math.max(1, Math.min(wanted, 1024, Math.floor(length / (64 * Math.max(1, workgroup)))));
  const chunk = Math.ceil(length / chunks);
  const parts = Math.max(1, Math.ceil(length / Math.max(1, chunk)));
  const pass: Pass = { outer, reduce, inner, chunks: parts, chunk, vector, shared: workgroup };
  if (parts === 1) return [pass];
  return [pass, ...passesOf({ outer, reduce: parts, inner }, shared, { ...device, software: true }, software)];
}

/** Whether a workgroup of invocations could share a row somewhere in this reduction. */
export const hasRows = (shape: Shape, axes: readonly number[]): boolean =>
  stagesOf(shape, axes).some(({ reduce, inner }) => inner === 1 && reduce > 1);

/** The longest row of this reduction. */
export const rowLength = (shape: Shape, axes: readonly number[]): number =>
  Math.max(0, ...stagesOf(shape, axes).map(({ reduce, inner }) => (inner === 1 ? reduce : 0)));

/** Dispatches that reduce input 0 over `axes` into output 0. */
export function planReduce(
  name: string,
  kind: ReductionKind,
  shape: Shape,
  axes: readonly number[],
  scale: number,
  shared: boolean,
  device: DeviceTraits,
): Lowering {
  const passes = stagesOf(shape, axes).flatMap((stage) => passesOf(stage, shared, device));
  if (passes[passes.length - 1].outer * passes[passes.length - 1].inner === 0) return { dispatches: [] };
  const temporaries: TensorType[] = [];
  const dispatches: Dispatch[] = [];
  passes.forEach((pass, i) => {
    const isLast = i === passes.length - 1;
    const reduction = i === 0 ? (isLast ? kind.whole : kind.first) : isLast ? kind.last : kind.middle;
    const results = pass.outer * pass.chunks * pass.inner;
    const from: Operand = i === 0 ? { input: 0 } : { temporary: i - 1 };
    if (!isLast) temporaries.push({ dtype: "f32", shape: [results] });
    if (results === 0) return;
    dispatches.push({
      kernel: reduceKernel(`${name} ${pass.shared ? "rows" : pass.inner === 1 ? "serial" : "columns"}`, { reduction, ...pass }),
      bindings: { x: from, y: isLast ? { output: 0 } : { temporary: i } },
      params: {
        size: pass.vector === "inner" ? results / 4 : results,
        reduce: pass.vector === "along" ? pass.reduce / 4 : pass.reduce,
        inner: pass.vector === "inner" ? pass.inner / 4 : pass.inner,
        chunk: pass.chunk,
        chunks: pass.chunks,
        empty: new Uint32Array(Float32Array.of(kind.empty).buffer)[0],
        scale,
      },
      workgroups: foldGrid(Math.ceil(pass.shared ? results : results / (pass.vector === "inner" ? 4 : 1) / 64)),
    });
  });
  return { dispatches, temporaries };
}

const reduceKernel = (name: string, { reduction, vector, shared }: ReduceOptions) =>
  kernel({
    name,
    wgsl: reduceShader({ reduction, vector, shared }),
    bindings: { x: read("f32"), y: write("f32") },
    params: reduceParams,
  });
