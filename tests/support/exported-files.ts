import {
  adam,
  crossEntropy,
  dense,
  type ExportedProgramFile,
  type ExportedTrainer,
  embedding,
  exportProgram,
  exportTrainer,
  input,
  mul,
  rnnLayer,
  sequential,
  sum,
  variable,
} from "../../src/index.ts";

const through = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** A small trainer, as a file holds it. */
export const trainerFile = async (): Promise<ExportedTrainer> =>
  through(
    await exportTrainer(sequential(embedding({ vocabulary: 7, units: 3 }), rnnLayer({ units: 4 }), dense({ units: 5 })), {
      input: [3],
      batch: 2,
      loss: crossEntropy(),
      optimizer: adam({ learningRate: 0.01 }),
      clipNorm: 1,
    }),
  );
/** A small program with two variables. */
export const programFile = async (): Promise<ExportedProgramFile> => {
  const x = input([3, 2]);
  const [v, w] = [variable("v", [2]), variable("w", [3, 2])];
  return through(await exportProgram({ inputs: { x }, outputs: { y: mul(mul(x, w), v), total: sum(x) } }));
};
