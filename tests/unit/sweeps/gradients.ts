import { describe, expect, test } from "vitest";
import { randomSource } from "../../../src/random.ts";
import { allSamples } from "../../../src/verify/all.ts";
import { finiteDifferences } from "../../../src/verify/gradient.ts";
import { sampleInputs } from "../../../src/verify/prepare.ts";
import { type Extent, everyNth } from "../../support/sweep.ts";

/** The largest sizes prove kernels, not gradients. */
const MOST_FLOPS = 2e6;

/** Of all samples of each op, or of every fourth. */
export function gradientTests(extent: Extent): void {
  describe(`gradients through the references agree with central finite differences in f64: ${extent} of the samples`, () => {
    for (const entry of allSamples) {
      const { op, samples } = entry;
      test(op.name, () => {
        const wrong: string[] = [];
        const all = [...samples(randomSource(0, op.name)).entries()];
        for (const [index, sample] of extent === "whole" ? all : everyNth(all, 4, op.name)) {
          if (sample.skipFiniteDifferences) continue;
          const inputs = sample.inputs.map(({ shape, dtype = "f32" }) => ({ shape, dtype }));
          const call = { inputs, outputs: op.shape(inputs, sample.attributes), attributes: sample.attributes };
          if (op.cost(call).flops > MOST_FLOPS) continue;
          const seed = `${op.name} ${index}`;
          const worst = finiteDifferences(entry, sample, sampleInputs(sample, randomSource(0, seed)), seed);
          if (worst && !(worst.ratio <= 1))
            wrong.push(
              `sample ${index} ${JSON.stringify(inputs.map(({ shape }) => shape))} ${JSON.stringify(sample.attributes)}: d/d input ${worst.input}[${worst.index}] is ${worst.byGradient}, by differences ${worst.byDifference} (${worst.ratio.toExponential(1)} × what is allowed)`,
            );
        }
        expect(wrong).toEqual([]);
      });
    }
  });
}
