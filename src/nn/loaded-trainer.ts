import { check, checkOptions, quote } from "../errors.ts";
import { fitsF32 } from "../graph/f32.ts";
import type { Belongs, Variable } from "../graph/tensor.ts";
import { sizeOf } from "../graph/types.ts";
import { admit, checkEngine, type Engine } from "../program/engine.ts";
import { checkFormat } from "../program/exported/file.ts";
import type { Exported, ExportedProgram } from "../program/exported/format.ts";
import { loadExported } from "../program/exported/load.ts";
import { stateName } from "../program/store.ts";
import { type ProgramKind, programName, TrainerBase, type TrainerSettings } from "./trainer-base.ts";
import { trainerLimits } from "./trainer-limits.ts";

/** What {@link exportTrainer} gives: plain JSON. */
export interface ExportedTrainer extends Exported {
  readonly format: "unroll-trainer/1";
  readonly settings: TrainerSettings;
}

/** A trainer without a model: all that it does was planned ahead of time. Made by {@link loadTrainer}. */
export class LoadedTrainer extends TrainerBase {}

/** Of a name. */
const MOST_LETTERS = 1000;

export interface LoadTrainerOptions {
  /** Of initial values, instead of the seed that the trainer was exported with. */
  readonly seed?: number;
  /** As for `createTrainer`. */
  readonly share?: boolean;
  readonly maxPrograms?: number;
}

/**
 * Makes ready to train what `exportTrainer` gave, perhaps read from a file: compiles pipelines, allocates. It takes batches of the exported
 * sizes only. Checkpoints fit those of a trainer made by `createTrainer`, both ways.
 * @throws UnrollError `format` when it is something else; `name` when the engine has variables of these names already (see the option
 *   `share`), or elsewhere than the file needs them; `argument` on a reference engine; `limit`, `disposed`, `lost`.
 */
export async function loadTrainer(
  engine: Engine,
  exported: ExportedTrainer | object,
  options: LoadTrainerOptions = {},
): Promise<LoadedTrainer> {
  checkEngine("loadTrainer", engine);
  engine.assertUsable();
  const file = checkFormat<ExportedTrainer>("loadTrainer", exported, "unroll-trainer/1");
  check(Object.keys(file.programs).length > 0, "format", "loadTrainer: there is no program in it");
  check(isSettings(file.settings), "format", "loadTrainer: the settings are not those of a trainer");
  for (const [name, program] of Object.entries(file.programs)) checkProgram(name, program, file.settings);
  checkOptions("loadTrainer", options, ["seed", "share", "maxPrograms"]);
  const { seed } = options;
  check(seed === undefined || Number.isFinite(seed), "argument", () => `loadTrainer: seed must be a number, not ${String(seed)}`);
  const programs = Object.keys(file.programs).map((name) => name.split(" ") as [ProgramKind, string]);
  const sizesOf = (kind: ProgramKind): number[] => programs.flatMap(([known, size]) => (known === kind ? [Number(size)] : []));
  const [[kind, size]] = programs;
  const { share, maxPrograms } = trainerLimits("loadTrainer", options);
  const belongs: Belongs = { owner: {} };
  const ownership = { seed, belongs, made: new Map<string, Variable>() };
  const count: readonly [string, string, string] | undefined = Object.values(file.programs)
    .flatMap((program) => (Array.isArray(program?.states) ? program.states : []))
    .find((state) => Array.isArray(state) && state[2] === "step");
  const trainer = new LoadedTrainer(engine, file.settings, {
    maxPrograms,
    leave: admit(engine, belongs.owner, share),
    compile: async (kind, batch) => {
      const sizes = sizesOf(kind);
      const forWhat = sizes.length > 0 ? `for batches of ${sizes.join(", ")}, not of ${batch}` : "without it";
      check(sizes.includes(batch), "size", () => `${kind}: this trainer was exported ${forWhat}; see batches of exportTrainer`);
      return loadExported(engine, file, programName(kind, batch), ownership);
    },
    // each has the variables of the whole file; the first is what it was exported for
    whole: [kind, Number(size)],
    ...(count ? { count: stateName(...count) } : {}),
    bufferBatch: (kind) => (sizesOf(kind).length === 1 ? sizesOf(kind)[0] : undefined),
  });
  return trainer.begin(kind, Number(size));
}

const isSettings = (settings: Partial<TrainerSettings> | null | undefined): boolean =>
  Array.isArray(settings?.input) &&
  settings.input.every((n) => Number.isSafeInteger(n) && n > 0) &&
  Number.isSafeInteger(settings.batch) &&
  (settings.batch as number) > 0 &&
  typeof settings.name === "string" &&
  settings.name.length <= MOST_LETTERS &&
  fitsF32(settings.learningRate) &&
  (settings.learningRate as number) >= 0 &&
  typeof settings.loss?.adds === "boolean" &&
  typeof settings.loss.counted === "boolean";

/** What the calls of a trainer give and read: inputs, outputs. */
const CALLS: Readonly<Record<ProgramKind, readonly [inputs: readonly string[], outputs: readonly string[]]>> = {
  step: [
    ["x", "target", "rate"],
    ["loss", "norm"],
  ],
  predict: [["x"], ["output"]],
  evaluate: [["x", "target"], ["loss"]],
};

/** A program must take and give what the trainer's call of its name does. */
function checkProgram(name: string, { inputs, outputs }: ExportedProgram, { input, loss }: TrainerSettings): void {
  const [, kind, size] = /^(step|predict|evaluate) ([1-9]\d{0,8})$/.exec(name) ?? [];
  check(kind, "format", () => `loadTrainer: a program is called ${quote(name)}; expected "step 32", "predict 1" or "evaluate 32"`);
  const [takes, gives] = CALLS[kind as ProgramKind];
  const numbers = [...gives.filter((output) => output !== "output"), ...(loss.counted && kind !== "predict" ? ["count"] : [])];
  const same = Object.keys(inputs).sort().join() === [...takes].sort().join();
  check(same, "format", () => `loadTrainer: program ${quote(name)} must take ${takes.join(", ")}`);
  const scalars = [
    ...numbers.map((output) => Object.hasOwn(outputs, output) && outputs[output]),
    ...(kind === "step" ? [inputs.rate] : []),
  ];
  const whole = gives.every((output) => Object.hasOwn(outputs, output)) && scalars.every((type) => type && sizeOf(type.shape) === 1);
  check(
    whole,
    "format",
    () => `loadTrainer: program ${quote(name)} must give ${[...gives, ...numbers].join(", ")}, losses and rates of one value`,
  );
  const values = Number(size) * sizeOf(input);
  check(sizeOf(inputs.x.shape) === values, "format", () => `loadTrainer: program ${quote(name)}: x must have ${values} values`);
}
