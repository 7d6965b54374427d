import { maxRule } from "../../../shaders/lib/pool-max-rule.wgsl.ts";
import { poolShader } from "../../../shaders/pool.wgsl.ts";
import { read, write } from "../../graph/kernel.ts";
import type { Activation, DeviceTraits, Lowering } from "../../graph/op.ts";
import { type Geometry, winnerForm } from "./geometry.ts";
import { lowerPool, spanOf, tilesOf, unrolledTaps } from "./lower.ts";

/** Max pooling, and an activation of the maxima, with four channels at a time or one. */
export function planMaxPool(geometry: Geometry, f: Activation | undefined, vector: boolean, device: DeviceTraits): Lowering {
  const span = unrolledTaps(geometry) ? spanOf(device, geometry, geometry.counts[1]) : 1;
  const winners = winnerForm(geometry.c, geometry.window);
  return lowerPool(geometry, {
    name: `max pool ${vector ? "vec4" : "scalar"}`,
    wgsl: poolShader({
      rule: maxRule({ vector, winners, activation: f && { library: f.wgslLibrary ?? "", expression: f.wgsl } }),
      vector,
      unrolled: unrolledTaps(geometry),
      tiles: tilesOf(geometry) !== undefined,
      span,
    }),
    bindings: { x: read("f32"), y: write("f32"), winners: write("u32") },
    operands: { x: { input: 0 }, y: { output: 0 }, winners: { output: 1 } },
    grid: geometry.counts,
    span,
    vector,
  });
}
