import { UnrollError } from "../errors.ts";
import type { AdapterDescription } from "../gpu/device.ts";
import type { Turns } from "../gpu/turns.ts";
import type { Engine } from "./engine.ts";
import type { GraphSpec } from "./plan/plan.ts";
import type { Program } from "./program.ts";
import type { Pending, VariableStore } from "./store.ts";

/** As in reference.ts, for which this file stands in the lean package. It is taken as it is. */
export interface ReferenceParts {
  readonly adapter: AdapterDescription;
  readonly store: VariableStore;
  readonly turns: Turns;
  /** Takes the flag of non-finite values back, in its turn. */
  readonly clear: () => void;
  readonly compile: (engine: Engine, label: string, spec: GraphSpec) => Program;
}

export function referenceParts(_seed: number, _pending: Pending, _queuedBytes?: number): ReferenceParts {
  throw new UnrollError("argument", 'Engine.create: unroll-gpu/lean has no references; import from "unroll-gpu" to run without a GPU');
}
