import { UnrollError } from "../../../src/errors.ts";
import { input, variable } from "../../../src/graph/tensor.ts";
import { softmaxCrossEntropy } from "../../../src/ops/loss/classification.ts";
import { clipNorm } from "../../../src/ops/update/clip.ts";
import { sgd } from "../../../src/ops/update/sgd.ts";
import { compile } from "../../../src/program/compile.ts";
import { Engine } from "../../../src/program/engine.ts";
import { gradient } from "../../../src/program/gradient.ts";

export interface Outcome {
  /** The loss of two good steps, and the gradient norm of the first. */
  readonly losses: readonly number[];
  readonly norm: number;
  /** The code of the error that a label which is no class leads to, and whether the parameters kept their values. */
  readonly code: string | undefined;
  readonly kept: boolean;
  /** The loss of a further step once the flag is cleared. */
  readonly after: number;
}

/** Trains three logits directly, with a wrong label in the third step. */
export async function wrongLabel(reference: boolean): Promise<Outcome> {
  const engine = await Engine.create({ reference });
  try {
    const logits = variable("logits", [1, 3], () => [1, 2, 3]);
    const labels = input([1], "i32");
    const loss = softmaxCrossEntropy(logits, labels);
    const gradients = clipNorm(gradient(loss, [logits]), 0.5);
    const train = await compile(engine, {
      inputs: { labels },
      outputs: { loss, norm: gradients.norm, logits },
      updates: sgd({ learningRate: 0.5 })(gradients),
    });
    const step = async (label: number) => train.run({ labels: Int32Array.of(label) }, { read: ["loss", "norm", "logits"] });
    const first = await step(0);
    const second = await step(0);
    const before = await step(0);
    let code: string | undefined;
    try {
      await step(3);
    } catch (error) {
      code = error instanceof UnrollError ? error.code : String(error);
    }
    engine.clearNonFinite();
    const after = await step(0);
    const further = await step(0);
    // Outputs are read before the update: the step after the wrong one starts where the one before it ended.
    const moved = before.logits[0] - second.logits[0];
    const kept = after.logits[0] - before.logits[0] < 1.5 * moved && further.logits[0] > after.logits[0];
    return { losses: [first.loss[0], second.loss[0]], norm: first.norm[0], code, kept, after: after.loss[0] };
  } finally {
    engine.dispose();
  }
}
