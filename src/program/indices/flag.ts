import { UnrollError } from "../../errors.ts";
import { INDEX_FLAG, STATUS } from "../../graph/update.ts";
import type { Types } from "../batch.ts";
import { allows, type InputRange, type NamedRange, outOfRange, type TensorRange } from "./range.ts";

export interface ProgramChecks {
  readonly label: string;
  readonly inputs: Types;
  /** Indices in inputs, and those that the plan checks on the GPU. */
  readonly indices: readonly InputRange[];
  readonly checks: readonly TensorRange[];
}

export const checksOf = ({ label, inputs, indices, checks }: ProgramChecks): IndexChecks => {
  const typed = (range: InputRange) => ({ ...range, type: { dtype: inputs[range.input].dtype, shape: inputs[range.input].shape } });
  const all = [...checks, ...indices.map(typed)];
  return { label, checks: all, key: JSON.stringify([label, all]) };
};

/** What a program checks on the GPU, by number: first what it computes, then what may come in GPUBuffers. */
export interface IndexChecks {
  readonly label: string;
  /** The same for programs that are alike in this. */
  readonly key: string;
  readonly checks: readonly (TensorRange & { readonly input?: string })[];
}

export const isIndexFlag = (status: Uint32Array): boolean => status[STATUS.FLAG] === INDEX_FLAG;

/**
 * The error that the words of STATUS mean.
 * @param sticky whether they stay until they are cleared; only then do they hold the number of the run
 */
export function indexError(status: Uint32Array, { label, checks }: Pick<IndexChecks, "label" | "checks">, sticky: boolean): UnrollError {
  const where = sticky ? `run ${status[STATUS.RUN] + 1} of program "${label}"` : `program "${label}"`;
  const range = checks[status[STATUS.CHECK]];
  if (!range) return new UnrollError("range", `${where}: an index is out of range`);
  const value = range.type.dtype === "i32" ? status[STATUS.VALUE] | 0 : status[STATUS.VALUE];
  const lead = range.input === undefined ? `${where}: a tensor of indices` : `${where}: input "${range.input}"`;
  return outOfRange(lead, range.type, status[STATUS.PLACE], value, range, sticky ? GO_ON : "");
}

const GO_ON = ". No variable was changed by it or since; call engine.clearNonFinite() to go on";

/** The words of STATUS for the first of the computed indices that is out of range, as the GPU writes them; undefined where none is. */
export function computedStatus(
  checks: readonly NamedRange[],
  run: number,
  valuesOf: (check: number) => { readonly values: ArrayLike<number>; readonly mask?: ArrayLike<number> },
): Uint32Array | undefined {
  for (const [number, range] of checks.entries()) {
    const { values, mask } = valuesOf(number);
    for (let i = 0; i < values.length; i++) {
      if (allows(range, values[i]) || mask?.[i] === 0) continue;
      const status = new Uint32Array(STATUS.WORDS);
      status[STATUS.FLAG] = INDEX_FLAG;
      status[STATUS.RUN] = run;
      status[STATUS.CHECK] = number;
      status[STATUS.VALUE] = values[i];
      status[STATUS.PLACE] = i;
      return status;
    }
  }
  return undefined;
}
