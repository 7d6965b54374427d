import type { HostArray } from "../graph/types.ts";
import { CONTROL } from "../graph/update.ts";
import { typedArrayName } from "../host.ts";

/** The step of one run, which was counted when the run was called. */
export interface Ticket {
  /** Takes the step back: its update was not applied. */
  refuse(): void;
}

/** Whether an array of this name holds the control words of an optimizer. */
export const isStepState = (name: string, data: HostArray): data is Uint32Array =>
  name.endsWith(".step") && name.includes("#") && typedArrayName(data) === "Uint32Array" && data.length === CONTROL.WORDS;

interface Count {
  steps: number;
  /** How often the count was set: a run from before says nothing about the time after. */
  settings: number;
}

/**
 * What the host knows of the step counters that lie in the optimizers' control words, by the name of the state: applied steps and those
 * that were called and are not known to be refused. Calls take effect in their order, so that this needs no news from the GPU but that
 * of refused runs.
 */
export class StepCounts {
  readonly #counts = new Map<string, Count>();

  #count(name: string): Count {
    let count = this.#counts.get(name);
    if (!count) {
      count = { steps: 0, settings: 0 };
      this.#counts.set(name, count);
    }
    return count;
  }

  of(name: string): number {
    return this.#counts.get(name)?.steps ?? 0;
  }

  /** Counts a step of these optimizers at the call. */
  begin(names: readonly string[]): Ticket {
    const counted = names.map((name) => {
      const count = this.#count(name);
      count.steps++;
      return { count, settings: count.settings };
    });
    let open = true;
    return {
      refuse: () => {
        if (!open) return;
        open = false;
        for (const { count, settings } of counted) if (count.settings === settings) count.steps--;
      },
    };
  }

  /** Notes an array that is written to a state: another count, where it is a step counter. */
  written(name: string, data: HostArray): void {
    if (!isStepState(name, data)) return;
    const count = this.#count(name);
    count.settings++;
    count.steps = data[CONTROL.STEP];
  }

  /** To be called when the state is freed. */
  forget(name: string): void {
    this.#counts.delete(name);
  }
}
