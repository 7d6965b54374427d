import { check } from "../../errors.ts";
import { beyondF32, fitsF32 } from "../../graph/f32.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { type Clip, Gradients } from "../../graph/update.ts";

function clipped<W extends readonly Tensor[]>(name: string, gradients: Gradients<W>, clip: Clip): Gradients<W> {
  check(gradients instanceof Gradients, "argument", () => `${name}: the first argument must be what gradient(…) returns`);
  check(
    fitsF32(clip.max) && clip.max > 0,
    "argument",
    () => `${name}: the limit must be a number above 0 (and below 3.4e38), not ${String(clip.max)}${beyondF32(clip.max)}`,
  );
  const before = gradients.clip;
  check(
    before === undefined,
    "argument",
    () => `${name}: these gradients are clipped already (${before?.kind}, ${before?.max}); clip them once`,
  );
  return new Gradients(gradients.loss, gradients.wrt, gradients.tensors as readonly Tensor[], clip);
}

/**
 * Scales all gradients by min(1, max / ‖g‖), where ‖g‖ is the L2 norm over all of them together, on the GPU within the step
 * (Pascanu, Mikolov and Bengio 2013, algorithm 1). The norm, not its square, is compared with `max`.
 * @throws UnrollError `argument` unless `max` is above 0, and when the gradients are clipped already.
 */
export const clipNorm = <W extends readonly Tensor[]>(gradients: Gradients<W>, max: number): Gradients<W> =>
  clipped("clipNorm", gradients, { kind: "l2", max });

/** As {@link clipNorm}, with the largest magnitude of all gradients as the norm. */
export const clipNormInf = <W extends readonly Tensor[]>(gradients: Gradients<W>, max: number): Gradients<W> =>
  clipped("clipNormInf", gradients, { kind: "inf", max });

/** Clamps every element of every gradient to [-max, max]. */
export const clipValue = <W extends readonly Tensor[]>(gradients: Gradients<W>, max: number): Gradients<W> =>
  clipped("clipValue", gradients, { kind: "value", max });
