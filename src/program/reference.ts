import type { AdapterDescription } from "../gpu/device.ts";
import { Turns } from "../gpu/turns.ts";
import type { Engine } from "./engine.ts";
import type { GraphSpec } from "./plan/plan.ts";
import type { Program } from "./program.ts";
import { ReferenceProgram } from "./reference-program.ts";
import { ReferenceStore } from "./reference-store.ts";
import type { Pending, VariableStore } from "./store.ts";

/** What belongs to an engine that runs on the references. Internal to src/program. */
export interface ReferenceParts {
  readonly adapter: AdapterDescription;
  readonly store: VariableStore;
  readonly turns: Turns;
  /** Takes the flag of non-finite values back, in its turn. */
  readonly clear: () => void;
  readonly compile: (engine: Engine, label: string, spec: GraphSpec) => Program;
}

export function referenceParts(seed: number, pending: Pending, queuedBytes?: number): ReferenceParts {
  const store = new ReferenceStore(seed, pending);
  return {
    adapter: { vendor: "", architecture: "", device: "", description: "CPU reference in f64, no GPU", software: true },
    store,
    turns: new Turns(queuedBytes),
    clear: () => {
      store.nonFinite = undefined;
    },
    compile: (engine, label, spec) => new ReferenceProgram(engine, store, label, spec),
  };
}
