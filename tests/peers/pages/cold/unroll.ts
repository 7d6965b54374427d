import { compile, Engine, input, load, type NamedArrays, variable } from "../../../../src/index.ts";
import { lenet } from "../lenet.ts";
import { cold } from "./page.ts";

cold(async ({ x, weights }, ready) => {
  const engine = await Engine.create();
  ready();
  const arrays = Object.entries(weights);
  await load(engine, Object.fromEntries(arrays.map(([name, values]) => [name, { dtype: "f32", ...values }])) as NamedArrays);
  const images = input([64, 28, 28, 1]);
  const parameters = Object.fromEntries(arrays.map(([name, { shape }]) => [name, variable(name, shape)]));
  const program = await compile(engine, { inputs: { x: images }, outputs: { y: lenet({ ...parameters, x: images }) } });
  return (await program.run({ x: x.data as Float32Array }, { read: ["y"] })).y;
});
