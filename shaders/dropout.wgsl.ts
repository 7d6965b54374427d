import { wgsl } from "wgsl-preprocessor/wgsl-preprocessor.js";
import { gridLibrary } from "./lib/grid.wgsl.ts";
import { randomLibrary } from "./lib/random.wgsl.ts";

export interface DropoutOptions {
  /** Loads and stores 16 bytes at a time: the count is a multiple of 4. */
  readonly vec4: boolean;
  /** `y` holds the input too. */
  readonly inPlace: boolean;
}

/**
 * y[i] = x[i] · scale where word i of the random stream is at least `threshold`, otherwise 0; the words are those of
 * shaders/random.wgsl.ts. The mask is never stored: the gradient draws it again.
 *
 * Each invocation handles 4 neighbours; a workgroup 256. About 80 integer operations per element, one load, one store.
 */
export function dropoutShader({ vec4, inPlace }: DropoutOptions): string {
  const element = vec4 ? "vec4<f32>" : "f32";
  const x = inPlace ? "y" : "x";
  const one = (part: string, offset: number) => `
  if (i + ${offset}u < params.count) {
    y[i + ${offset}u] = select(0.0, ${x}[i + ${offset}u] * params.scale, words.${part} >= params.threshold);
  }`;
  return wgsl`
struct Params {
  count: u32,
  seed: u32,
  stream: u32,
  threshold: u32,
  scale: f32,
}
#if ${inPlace}
@group(0) @binding(0) var<storage, read> run: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<${element}>;
@group(0) @binding(2) var<uniform> params: Params;
#else
@group(0) @binding(0) var<storage, read> x: array<${element}>;
@group(0) @binding(1) var<storage, read> run: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<${element}>;
@group(0) @binding(3) var<uniform> params: Params;
#endif
${gridLibrary}
${randomLibrary}
@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = linear_workgroup(workgroup, workgroups) * 64u + lane;
  let i = block * 4u;
  if (i >= params.count) {
    return;
  }
  let words = draw_words(params.seed, params.stream, run[0], block);
#if ${vec4}
  y[block] = select(vec4<f32>(0.0), ${x}[block] * params.scale, words >= vec4<u32>(params.threshold));
#else
${["x", "y", "z", "w"].map(one).join("")}
#endif
}
`;
}
