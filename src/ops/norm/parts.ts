import { type NormMergeOptions, normMergeParams, normMergeShader } from "../../../shaders/norm_merge.wgsl.ts";
import {
  type NormStatisticsOptions,
  normStatisticsParams,
  normStatisticsShader,
  type Spread,
} from "../../../shaders/norm_statistics.wgsl.ts";
import { type NormSumsOptions, normSumsParams, normSumsShader } from "../../../shaders/norm_sums.wgsl.ts";
import { pairSumsParams, pairSumsShader } from "../../../shaders/pair_sums.wgsl.ts";
import { kernel, read, write } from "../../graph/kernel.ts";
import type { DeviceTraits, Dispatch, Lowering, Operand } from "../../graph/op.ts";
import type { TensorType } from "../../graph/types.ts";
import { foldGrid } from "../grid.ts";

/** A tensor seen as [outer, reduce, inner]. */
export interface View {
  readonly outer: number;
  readonly reduce: number;
  readonly inner: number;
}

/** How a reduction of a view is cut; sizes count vec4s where it goes four at a time. See shaders/lib/statistics. */
interface Parts {
  readonly vector: NormSumsOptions["vector"];
  readonly reduce: number;
  readonly inner: number;
  readonly chunks: number;
  readonly first: number;
  readonly step: number;
  readonly span: number;
}

/** Elements up to which a software adapter takes one pass: there a second dispatch costs more than the idle core. */
const ONE_PASS = 2 ** 15;
/** Elements that an invocation keeps at least, so that the second pass is short. */
const LEAST = 64;
const MOST_CHUNKS = 1024;

function partsOf(view: View, device: DeviceTraits): Parts {
  const vector = view.inner % 4 === 0 ? "inner" : view.inner === 1 && view.reduce % 4 === 0 ? "along" : "none";
  const reduce = vector === "along" ? view.reduce / 4 : view.reduce;
  const inner = vector === "inner" ? view.inner / 4 : view.inner;
  const small = device.software && view.outer * view.reduce * view.inner <= ONE_PASS;
  const wanted = small ? 1 : Math.ceil((device.software ? 512 : 32768) / (view.outer * inner));
  const most = Math.max(1, Math.min(wanted, MOST_CHUNKS, Math.floor(reduce / LEAST)));
  const base = { vector, reduce, inner } as const;
  // Neighbouring invocations of a GPU read neighbouring elements; a processor core rather goes through memory in order.
  if (!device.software) return { ...base, chunks: most, first: 1, step: most, span: reduce };
  const chunk = Math.ceil(reduce / most);
  return { ...base, chunks: Math.ceil(reduce / chunk), first: chunk, step: 1, span: chunk };
}

const partNumbers = ({ reduce, inner, chunks, first, step, span }: Parts) => ({ reduce, inner, chunks, first, step, span });

/** Results of one pass, in elements, and its workgroups. */
function sizes({ outer }: View, { chunks, inner, vector }: Parts) {
  const size = outer * chunks * inner;
  return { size, elements: vector === "inner" ? 4 * size : size, workgroups: foldGrid(Math.ceil(size / 64)) };
}

export interface StatisticsPlan {
  readonly view: View;
  readonly spread: Exclude<Spread, "squares">;
  readonly epsilon: number;
  readonly x: Operand;
  readonly mean: Operand;
  readonly result: Operand;
  /** Number of the first temporary that may be used. */
  readonly temporary: number;
}

/** Mean and variance (or deviation) of a view along its middle axis, in one dispatch or two. */
export function planStatistics(
  name: string,
  { view, spread, epsilon, x, mean, result, temporary }: StatisticsPlan,
  device: DeviceTraits,
): Lowering {
  const parts = partsOf(view, device);
  const { size, elements, workgroups } = sizes(view, parts);
  const whole = parts.chunks === 1;
  const first: Dispatch = {
    kernel: statisticsKernel(`${name} statistics`, { vector: parts.vector, spread: whole ? spread : "squares" }),
    bindings: { x, mean: whole ? mean : { temporary }, spread: whole ? result : { temporary: temporary + 1 } },
    params: { size, ...partNumbers(parts), epsilon },
    workgroups,
  };
  if (whole) return { dispatches: [first] };
  const shared = !device.software;
  const results = view.outer * view.inner;
  const second: Dispatch = {
    kernel: mergeKernel(`${name} merge`, { spread, shared }),
    bindings: { means: { temporary }, squares: { temporary: temporary + 1 }, mean, spread: result },
    params: { size: results, ...partNumbers(parts), inner: view.inner, unit: parts.vector === "along" ? 4 : 1, epsilon },
    workgroups: foldGrid(shared ? results : Math.ceil(results / 64)),
  };
  return { dispatches: [first, second], temporaries: pairOf(elements) };
}

const pairOf = (elements: number): TensorType[] => [
  { dtype: "f32", shape: [elements] },
  { dtype: "f32", shape: [elements] },
];

const statisticsKernel = (name: string, options: NormStatisticsOptions) =>
  kernel({
    name,
    wgsl: normStatisticsShader(options),
    bindings: { x: read("f32"), mean: write("f32"), spread: write("f32") },
    params: normStatisticsParams,
  });

const mergeKernel = (name: string, options: NormMergeOptions) =>
  kernel({
    name,
    wgsl: normMergeShader(options),
    bindings: { means: read("f32"), squares: read("f32"), mean: write("f32"), spread: write("f32") },
    params: normMergeParams,
  });

export interface SumsPlan {
  readonly view: View;
  readonly statistics: NormSumsOptions["statistics"];
  readonly spread: NormSumsOptions["spread"];
  readonly epsilon: number;
  /** x, mean, spread, gradient and perhaps scale. */
  readonly operands: Readonly<Record<"x" | "mean" | "spread" | "gradient", Operand>> & { readonly scale?: Operand };
  readonly products: Operand;
  readonly sums: Operand;
  readonly temporary: number;
}

/** Σ a·x̂ and Σ a of a view along its middle axis, in one dispatch or two. */
export function planSums(name: string, plan: SumsPlan, device: DeviceTraits): Lowering {
  const { view, statistics, spread, epsilon, operands, products, sums, temporary } = plan;
  const parts = partsOf(view, device);
  const { size, elements, workgroups } = sizes(view, parts);
  const whole = parts.chunks === 1;
  const scaled = operands.scale !== undefined;
  const first: Dispatch = {
    kernel: sumsKernel(name, { vector: parts.vector, statistics, spread, scaled }),
    bindings: { ...operands, products: whole ? products : { temporary }, sums: whole ? sums : { temporary: temporary + 1 } },
    params: { size, ...partNumbers(parts), epsilon },
    workgroups,
  };
  if (whole) return { dispatches: [first] };
  const shared = !device.software;
  const results = view.outer * view.inner;
  const second: Dispatch = {
    kernel: kernel({
      name: `${name} of parts`,
      wgsl: pairSumsShader({ shared }),
      bindings: { product_parts: read("f32"), sum_parts: read("f32"), products: write("f32"), sums: write("f32") },
      params: pairSumsParams,
    }),
    bindings: { product_parts: { temporary }, sum_parts: { temporary: temporary + 1 }, products, sums },
    params: { size: results, chunks: parts.chunks, inner: view.inner },
    workgroups: foldGrid(shared ? results : Math.ceil(results / 64)),
  };
  return { dispatches: [first, second], temporaries: pairOf(elements) };
}

const sumsKernel = (name: string, options: NormSumsOptions) =>
  kernel({
    name,
    wgsl: normSumsShader(options),
    bindings: {
      x: read("f32"),
      mean: read("f32"),
      spread: read("f32"),
      gradient: read("f32"),
      ...(options.scaled ? { scale: read("f32") } : {}),
      products: write("f32"),
      sums: write("f32"),
    },
    params: normSumsParams,
  });
