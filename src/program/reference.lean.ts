import { UnrollError } from "../errors.ts";
import type { AdapterDescription } from "../gpu/device.ts";
import type { Engine } from "./engine.ts";
import type { GraphSpec } from "./plan/plan.ts";
import type { Program } from "./program.ts";
import type { Pending, VariableStore } from "./store.ts";

/** As in reference.ts, for which this stands in the lean package: there is nothing to run on the CPU. */
export interface ReferenceParts {
  readonly adapter: AdapterDescription;
  readonly store: VariableStore;
  readonly compile: (engine: Engine, label: string, spec: GraphSpec) => Program;
}

export function referenceParts(_seed: number, _pending: Pending): ReferenceParts {
  throw new UnrollError("argument", "Engine.create: reference");
}
