import { compile, type Engine } from "../../../src/index.ts";
import type { CaseGraph, Numbers } from "./graph.ts";

/** Compiles and runs one graph, and brings its outputs back over the border. */
export async function runGraph(engine: Engine, { inputs, outputs, feeds, border }: CaseGraph): Promise<Record<string, Numbers>> {
  const program = await compile(engine, { inputs, outputs });
  try {
    const values = await program.run(feeds, { read: Object.keys(outputs) });
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { shape }]) => {
        const output = { shape, data: Array.from(values[name]) };
        return [name, border[name]?.(output) ?? output];
      }),
    );
  } finally {
    program.dispose();
  }
}
