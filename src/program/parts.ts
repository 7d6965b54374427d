import type { Gpu } from "../gpu/gpu.ts";
import type { Turns } from "../gpu/turns.ts";
import type { Engine } from "./engine.ts";
import type { GpuStore } from "./gpu-store.ts";
import type { ReferenceParts } from "./reference.ts";
import { StepCounts } from "./steps.ts";

// This file imports the engine by type alone. So programs reach the parts of an engine, and the engine makes programs on the
// references, without a circle of imports.

/** What belongs to an engine on a GPU. Internal to this package. */
export interface GpuParts {
  readonly gpu: Gpu;
  readonly store: GpuStore;
  /** STATUS words: the sticky flag of non-finite values. */
  readonly status: GPUBuffer;
  readonly turns: Turns;
  /** Takes the flag of non-finite values back, in its turn. */
  readonly clear: () => void;
}

const parts = /* @__PURE__ */ new WeakMap<Engine, GpuParts | ReferenceParts>();

/** How many steps each optimizer made, for each engine. */
const counts = /* @__PURE__ */ new WeakMap<Engine, StepCounts>();

/** Gives a new engine its parts. Called by its constructor. */
export function setParts(engine: Engine, own: GpuParts | ReferenceParts): void {
  const steps = new StepCounts();
  counts.set(engine, steps);
  own.store.freed = (name) => steps.forget(name);
  parts.set(engine, own);
}

/** What an engine is made of. Internal to this package. */
export const partsOf = (engine: Engine): GpuParts | ReferenceParts => parts.get(engine) as GpuParts | ReferenceParts;

/** The GPU parts of an engine, or undefined where it runs on the references. Internal to this package. */
export function gpuPartsOf(engine: Engine): GpuParts | undefined {
  const own = partsOf(engine);
  return "gpu" in own ? own : undefined;
}

/** How many steps each optimizer of an engine made. Internal to this package. */
export const stepsOf = (engine: Engine): StepCounts => counts.get(engine) as StepCounts;
