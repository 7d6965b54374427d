import { compile, type Engine, gradient, input, load, mul, save, sgd, sum, variable } from "../../../src/index.ts";
import type { Case } from "./case.ts";
import type { Numbers } from "./graph.ts";

/**
 * The operator Momentum of ai.onnx.preview.training, one update of tensors X with gradients G and momenta V: V' = α·V + β'·(G + c·X), X' = X − R·V',
 * where β' is 1 at T = 0 and β after that. Operands R, T, X…, G…, V…; results X'…, V'….
 */
export async function runOnnxMomentum(engine: Engine, c: Case): Promise<Record<string, Numbers>> {
  const { alpha, beta, mode, norm_coefficient: weightDecay } = c.attributes as Record<string, number> & { mode: unknown };
  if (String(mode) !== "standard") throw new Error(`mode ${String(mode)} is not run here`);
  const operand = (i: number) => c.inputs[`input${i}`];
  const count = (Object.keys(c.inputs).length - 2) / 3;
  const results: Record<string, Numbers> = {};
  for (let i = 0; i < count; i++) {
    const [X, G, V] = [operand(2 + i), operand(2 + count + i), operand(2 + 2 * count + i)];
    const parameter = variable(`${c.name}/X${i}`, X.shape, () => Float32Array.from(X.data));
    const g = input(G.shape);
    const update = sgd({
      learningRate: operand(0).data[0],
      momentum: alpha,
      weightDecay,
      dampening: operand(1).data[0] > 0 ? 1 - beta : 0,
    });
    const program = await compile(engine, { inputs: { g }, updates: update(gradient(sum(mul(parameter, g)), [parameter])) });
    try {
      // The state as it is after some step: in the first, momentum does not count.
      await program.run({ g: new Float32Array(g.size) });
      const state = await save(engine);
      const [ofParameter, ofMomentum] = [parameter.name, `${parameter.name}#sgd.momentum`];
      const named = (name: string, data: ArrayLike<number>) => ({ ...state[name], data: Float32Array.from(data) });
      // Other cases run on this engine at the same time: their state is not touched.
      await load(engine, { [ofParameter]: named(ofParameter, X.data), [ofMomentum]: named(ofMomentum, V.data) });
      await program.run({ g: Float32Array.from(G.data) });
      const { [ofParameter]: x, [ofMomentum]: v } = await save(engine);
      results[`output${i}`] = x;
      results[`output${count + i}`] = v;
    } finally {
      program.dispose();
    }
  }
  return results;
}
