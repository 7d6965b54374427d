import { check, checkOptions, describe } from "../errors.ts";
import { checkDevices, type Exportable, exportGraphs } from "../program/exported/export.ts";
import type { ExportOptions } from "../program/exported/format.ts";
import { normalize } from "../program/spec.ts";
import type { ExportedTrainer } from "./loaded-trainer.ts";
import type { Model } from "./model.ts";
import { PROGRAMS, programName } from "./trainer-base.ts";
import { trainerGraphs } from "./trainer-graphs.ts";
import { type TrainerOptions, trainerSettings } from "./trainer-options.ts";

export interface ExportTrainerOptions extends TrainerOptions, ExportOptions {
  readonly batches?: ExportBatches;
}

/** The sizes of batches that an exported trainer takes; none leaves the call out. Default for each: the option `batch`. */
export interface ExportBatches {
  /** For `step` and `epoch`. */
  readonly step?: readonly number[];
  readonly predict?: readonly number[];
  readonly evaluate?: readonly number[];
}

/**
 * Compiles a model with its loss and optimizer ahead of time: what `createTrainer` would plan on a device with WebGPU's default limits, for
 * hardware and for software adapters, as plain JSON. Needs no GPU. `loadTrainer` trains by it, with the same bits, and an app that only loads
 * ships neither layers nor ops nor planner. Initial values that are not drawn by one of the initialisers here (`he()`, …) are in it as they are.
 * @throws UnrollError `shape`, `dtype`, `argument` as `createTrainer` does; `limit` when it needs more than the default limits.
 */
export async function exportTrainer(model: Model, options: ExportTrainerOptions): Promise<ExportedTrainer> {
  const settings = trainerSettings("exportTrainer", model, options, ["batches", "devices"]);
  const { batches = {}, devices, ...rest } = options;
  const kinds = checkDevices("exportTrainer", devices);
  checkOptions("exportTrainer: batches", batches, PROGRAMS);
  const graphs: Record<string, Exportable> = {};
  for (const kind of PROGRAMS) {
    const sizes = batches[kind] ?? [rest.batch];
    check(
      Array.isArray(sizes) && sizes.every((size) => Number.isSafeInteger(size) && size > 0),
      "argument",
      () =>
        `exportTrainer: batches.${kind} must be an array of whole numbers above 0, not ${Array.isArray(sizes) ? `[${sizes.map(describe)}]` : describe(sizes)}`,
    );
    for (const size of sizes) {
      const { label, ...spec } = trainerGraphs[kind](model, rest, size);
      graphs[programName(kind, size)] = { label, graph: normalize(spec) };
    }
  }
  check(Object.keys(graphs).length > 0, "argument", "exportTrainer: batches leave nothing to export");
  return {
    format: "unroll-trainer/1",
    settings,
    ...(await exportGraphs(graphs, kinds, normalize(trainerGraphs.step(model, rest, rest.batch)))),
  };
}
