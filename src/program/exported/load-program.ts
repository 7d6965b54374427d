import { check } from "../../errors.ts";
import { checkEngine, type Engine } from "../engine.ts";
import type { RunnableProgram } from "../program.ts";
import { checkFormat } from "./file.ts";
import type { Exported } from "./format.ts";
import { loadExported } from "./load.ts";

/** What {@link exportProgram} gives: plain JSON. */
export interface ExportedProgramFile extends Exported {
  readonly format: "unroll-program/1";
}

export const PROGRAM = "program";

/**
 * Makes ready to run what {@link exportProgram} gave, perhaps read from a file: compiles its pipelines, allocates. Variables get their initial values;
 * where the engine has all of them by name already, and in the order of this file, they are shared. So export what shares variables as one
 * graph, or load it first.
 * @throws UnrollError `format` when it is something else; `name` when the engine has only some of these variables, or others between them; `argument` on a reference engine; `limit`, `disposed`, `lost`.
 */
export async function loadProgram(engine: Engine, exported: ExportedProgramFile | object): Promise<RunnableProgram> {
  checkEngine("loadProgram", engine);
  engine.assertUsable();
  const file = checkFormat<ExportedProgramFile>("loadProgram", exported, "unroll-program/1");
  check(Object.hasOwn(file.programs, PROGRAM), "format", `loadProgram: there is no program "${PROGRAM}" in it`);
  return loadExported(engine, file, PROGRAM);
}
