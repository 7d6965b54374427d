import { CLIP_INF, CLIP_L2, CLIP_NONE, gradientFinish } from "../../../shaders/gradient_finish.wgsl.ts";
import { gradientNorm, NORM_INVOCATIONS, NORM_ITEMS, NORM_WORDS } from "../../../shaders/gradient_norm.wgsl.ts";
import { type Kernel, kernel, read, readWrite, type Workgroups, write } from "../../graph/kernel.ts";
import type { DeviceTraits } from "../../graph/op.ts";
import type { Clip } from "../../graph/update.ts";
import { foldGrid } from "../grid.ts";

/**
 * Whether the norm's kernels join partial norms through workgroup memory. A software GPU is slow at that, in compiling above all: there each
 * invocation leaves its own, and one invocation joins them.
 */
export const joinsNorms = ({ software }: Pick<DeviceTraits, "software">): boolean => !software;

/** Without joining: the fewest vec4 of an invocation, and about the most partial norms, which one invocation joins one after another. */
const FEWEST_ITEMS = 8;
const MOST_PARTIALS = 4096;

const itemsOf = (size: number, joined: boolean): number =>
  joined ? NORM_INVOCATIONS * NORM_ITEMS : Math.max(FEWEST_ITEMS, Math.ceil(size / 4 / MOST_PARTIALS));

/** Partial norms that `gradientNormKernel` writes for a segment of `size` floats. */
export const normPartials = (size: number, joined: boolean): number => Math.max(1, Math.ceil(size / 4 / itemsOf(size, joined)));

/** u32 words that so many partial norms take. */
export const partialWords = (count: number): number => count * NORM_WORDS;

export const normWorkgroups = (size: number, joined: boolean): Workgroups =>
  foldGrid(Math.ceil(normPartials(size, joined) / (joined ? 1 : NORM_INVOCATIONS)));

/** Params of `gradientNormKernel`: the floats of the segment, and how many partials lie before its first one. */
export const normParams = (size: number, offset: number, joined: boolean): Record<"size" | "offset" | "items", number> => ({
  size,
  offset,
  items: itemsOf(size, joined),
});

/** Largest magnitude, scaled sum of squares and a not-finite flag for each part of a segment; see the shader. */
export const gradientNormKernel = (joined: boolean): Kernel =>
  kernel({
    name: "gradient_norm",
    wgsl: gradientNorm({ joined }),
    bindings: { gradients: read("f32"), blocks: read("u32"), partials: write("u32") },
    params: { size: "u32", offset: "u32", items: "u32" },
    workgroups: (call) => normWorkgroups(call.params.size, joined),
    cost: (call) => ({ flops: 2 * call.params.size, bytes: 4 * call.params.size + call.params.size / 16 }),
  });

/** What the finish kernel is told, beside its buffers. */
export interface FinishOptions {
  /** How many partials all segments wrote together. */
  readonly partials: number;
  readonly clip?: Clip;
  /** The number that names the program in the status. */
  readonly program: number;
  /** Elements of `loss` that must be finite; 0 when there is none. */
  readonly lossSize: number;
}

const CLIP_CODES = { l2: CLIP_L2, inf: CLIP_INF, value: CLIP_NONE } as const;

export const finishParams = (options: FinishOptions): Record<"count" | "clip" | "max_norm" | "program" | "loss_size", number> => ({
  count: options.partials,
  clip: options.clip ? CLIP_CODES[options.clip.kind] : CLIP_NONE,
  max_norm: options.clip?.max ?? 0,
  program: options.program,
  loss_size: options.lossSize,
});

/** The `clip_value` param of the optimizers' kernels. */
export const clipValueParam = (clip: Clip | undefined): number => (clip?.kind === "value" ? clip.max : 3.4e38);

/** Joins the partials into norm, clipping factor, step and the sticky status; one workgroup. */
export const gradientFinishKernel = (joined: boolean): Kernel =>
  kernel({
    name: "gradient_finish",
    wgsl: gradientFinish({ joined }),
    bindings: { partials: read("u32"), loss: read("f32"), run: read("u32"), control: readWrite("u32"), status: readWrite("u32") },
    params: { count: "u32", clip: "u32", max_norm: "f32", program: "u32", loss_size: "u32" },
    workgroups: () => [1, 1, 1],
    cost: (call) => ({ flops: 4 * call.params.count, bytes: 4 * NORM_WORDS * call.params.count }),
  });

/** √Σg² over all gradients, or max |g| for `inf`, in f64. */
export function globalNorm(gradients: readonly Float64Array[], kind: Clip["kind"] = "l2"): number {
  let largest = 0;
  let sum = 0;
  for (const gradient of gradients)
    for (const g of gradient) {
      if (Number.isNaN(g)) return Number.NaN;
      largest = Math.max(largest, Math.abs(g));
      sum += g * g;
    }
  return kind === "inf" ? largest : Math.sqrt(sum);
}

/** What gradients of this norm are multiplied with: min(1, max / norm). Pascanu, Mikolov and Bengio 2013, algorithm 1. */
export function clipScale(norm: number, clip: Clip | undefined): number {
  return clip && clip.kind !== "value" && norm > clip.max ? clip.max / norm : 1;
}

/** The gradients as an optimizer sees them, in f64: scaled, or clamped for `value`; and the norm before. */
export function clipGradients(
  gradients: readonly Float64Array[],
  clip: Clip | undefined,
): { readonly norm: number; readonly clipped: readonly Float64Array[] } {
  const norm = globalNorm(gradients, clip?.kind);
  const scale = clipScale(norm, clip);
  const limit = clip?.kind === "value" ? clip.max : Number.POSITIVE_INFINITY;
  return { norm, clipped: gradients.map((gradient) => gradient.map((g) => Math.min(limit, Math.max(-limit, g * scale)))) };
}
