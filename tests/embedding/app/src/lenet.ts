import { createTrainer, type Engine, type Trainer } from "unroll-gpu";
import { bitsOf, loop } from "./loop.ts";
import { network, training } from "./network.ts";

/** LeNet and what trains it, compiled on the page. */
export const createLeNet = (engine: Engine, batch: number, name?: string): Promise<Trainer> =>
  createTrainer(engine, network(), training(batch, name));

export const bits = async (engine: Engine, steps: number): Promise<readonly number[]> => bitsOf(await createLeNet(engine, 16), steps);

export const train = async (engine: Engine, steps: number, name?: string): Promise<{ readonly first: number; readonly last: number }> =>
  loop(await createLeNet(engine, 16, name), steps);
