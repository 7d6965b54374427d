import type { LoadResult } from "./checkpoint.ts";
import { checkEngine, type Engine } from "./engine.ts";
import type { NamedArrays } from "./store.ts";

/** All variables and optimizer state of an engine as named arrays, ready to be stored. */
export async function save(engine: Engine): Promise<NamedArrays> {
  checkEngine("save", engine);
  return engine.readAll();
}

/**
 * Sets variables and optimizer state by name. Names that the engine does not know yet are kept until a program uses them, so that a
 * checkpoint can be loaded before or after `compile`. So no name is an error here, as it is for `trainer.load`.
 * @returns the names of the engine that the arrays lack, and those of the arrays that the engine does not know yet: where a network is there
 *   already and the checkpoint is its own, both are empty.
 * @throws UnrollError `shape` or `format` when an array does not fit; then nothing is changed.
 */
export async function load(engine: Engine, arrays: NamedArrays): Promise<LoadResult> {
  checkEngine("load", engine);
  return engine.writeAll(arrays);
}
