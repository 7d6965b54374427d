import { check, describe } from "../errors.ts";
import type { Location } from "../gpu/recorder.ts";
import { Variable } from "../graph/tensor.ts";
import type { DType, Shape, TensorType } from "../graph/types.ts";
import { checkEngine, type Engine } from "./engine.ts";
import { GpuRunner } from "./gpu-runner.ts";
import { gpuPartsOf } from "./parts.ts";
import type { RunnableProgram } from "./program.ts";
import type { Tensors } from "./spec.ts";

/** Values that lie on the GPU: a range of a buffer that belongs to the engine. They may be read by other work, and must not be written. */
export interface Located extends Location {
  readonly type: TensorType;
}

/** From now on submits may be refused because a caller destroyed a buffer. */
function lend(engine: Engine): void {
  const parts = gpuPartsOf(engine);
  if (parts) parts.gpu.lends = true;
}

/**
 * Where an output of a program lies on the GPU, for work of one's own or to be drawn without being read back. It holds the values of the
 * last run; the buffer has usage STORAGE and COPY_SRC.
 * @throws UnrollError `name` when there is no such output; `argument` for a program on the CPU references; `disposed`, `lost`.
 */
export function outputBuffer<I extends Tensors, O extends Tensors>(program: RunnableProgram<I, O>, name: keyof O & string): Located {
  const own: unknown = program;
  check(own instanceof GpuRunner, "argument", () =>
    program?.engine?.isReference
      ? "outputBuffer: this program runs on the CPU references: read its output instead"
      : `outputBuffer: the first argument must be a program made by compile or loadProgram, not ${describe(program)}`,
  );
  lend(own.engine);
  return { ...own.outputLocation(name), type: own.outputs[name] };
}

/**
 * Where a variable lies on the GPU, with the values that it has after all runs so far. The buffer has usage STORAGE and COPY_SRC.
 * @throws UnrollError `argument` on a reference engine, `disposed`, `lost`.
 */
export function variableBuffer<D extends DType, S extends Shape>(engine: Engine, variable: Variable<D, S>): Located {
  checkEngine("variableBuffer", engine);
  engine.assertUsable();
  check(
    variable instanceof Variable,
    "argument",
    () => `variableBuffer: the second argument must be a variable, not ${describe(variable)}`,
  );
  const own = variable as unknown as Variable;
  const parts = gpuPartsOf(engine);
  check(parts, "argument", "variableBuffer: this engine runs on the CPU references: use engine.read");
  parts.store.ensure([own]);
  lend(engine);
  return { ...parts.store.location(own), type: own };
}
