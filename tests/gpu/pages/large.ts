import { compile, Engine, input, max, relu, sum, tanh } from "../../../src/index.ts";

export interface LargeResult {
  readonly sum: number;
  readonly max: number;
  /** Elements of relu(x) and of column sums that are not what they should be. */
  readonly wrong: number;
  readonly tanhSum: number;
}

/** The values are −500 … 499 in turn, so that all sums are known. */
const at = (i: number): number => (i % 1000) - 500;

/** A pointwise op, sums and a maximum over n elements, and sums over the columns of the same seen as rows of `columns`. */
export async function large(n: number, columns: number): Promise<LargeResult> {
  const engine = await Engine.create({});
  try {
    const x = input([n / columns, columns]);
    const program = await compile(engine, {
      inputs: { x },
      outputs: { y: relu(x), total: sum(x), top: max(x), perColumn: sum(x, { axes: [0] }), tanhSum: sum(tanh(x)) },
    });
    const values = new Float32Array(n);
    for (let i = 0; i < n; i++) values[i] = at(i);
    const { y, total, top, perColumn, tanhSum } = await program.run({ x: values }, { read: ["y", "total", "top", "perColumn", "tanhSum"] });
    let wrong = 0;
    for (let i = 0; i < n; i++) if (y[i] !== Math.max(0, at(i))) wrong++;
    const exact = new Float64Array(columns);
    const magnitude = new Float64Array(columns);
    for (let i = 0; i < n; i++) {
      exact[i % columns] += at(i);
      magnitude[i % columns] += Math.abs(at(i));
    }
    exact.forEach((right, column) => {
      if (!(Math.abs(perColumn[column] - right) <= 1e-6 * magnitude[column])) wrong++;
    });
    program.dispose();
    return { sum: total[0], max: top[0], wrong, tanhSum: tanhSum[0] };
  } finally {
    engine.dispose();
  }
}
