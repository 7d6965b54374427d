import { UnrollError } from "../../errors.ts";
import { formatType, type HostArray, type Shape, type TensorType } from "../../graph/types.ts";
import type { Part } from "../../ops/index-check.ts";

/** What indices may be, and what for. Plain JSON: exported programs hold it. */
export interface NamedRange {
  readonly low: number;
  readonly high: number;
  /** One more allowed value. */
  readonly ignore?: number;
  /** The op that uses them, and what it selects by them: "gather", "64 rows of variable "table"". */
  readonly op: string;
  readonly of: string;
}

/** Indices among the elements of an input. */
export interface InputRange extends NamedRange {
  readonly input: string;
  readonly parts: readonly Part[];
  /** An input of as many elements: where it holds 0, the index is not used. */
  readonly mask?: string;
}

/** Indices that a program computes, and checks on the GPU. */
export interface TensorRange extends NamedRange {
  readonly type: TensorType;
}

/** Indices in more parts are checked on the GPU, after they were moved, for the case that they come as a GPUBuffer. */
export const MOST_PARTS = 8;

/** The call that an error names. A trainer's calls take the inputs as their arguments: `step(x, target)`. */
export interface Caller {
  readonly call: string;
  readonly own?: boolean;
  /** More about an input for which `values` values are too many or too few: the end of the message. */
  explain?(name: string, values: number): string;
}

export const RUN: Caller = { call: "run" };

/** What an error about an input begins with. */
export const leadOf = ({ call, own = false }: Caller, name: string): string => (own ? `${call}: ${name}` : `${call}: input "${name}"`);

export const allows = ({ low, high, ignore }: NamedRange, value: number): boolean =>
  (value >= low && value <= high) || (ignore !== undefined && (value | 0) === (ignore | 0));

type Arrays = Readonly<Record<string, HostArray | GPUBuffer>>;

/** Checks all indices in arrays from the host. @throws UnrollError `range` */
export function checkRanges(
  ranges: readonly InputRange[],
  types: Readonly<Record<string, TensorType>>,
  batch: Arrays,
  caller: Caller = RUN,
): void {
  for (const range of ranges) {
    const data = batch[range.input];
    const mask = range.mask === undefined ? undefined : batch[range.mask];
    if (!ArrayBuffer.isView(data) || (mask !== undefined && !ArrayBuffer.isView(mask))) continue;
    const at = firstOutside(data, range, mask as HostArray | undefined);
    if (at >= 0) throw outOfRange(leadOf(caller, range.input), types[range.input], at, data[at], range);
  }
}

/** Elements that are looked at together: only where one of them may be out of range is each looked at. */
const BLOCK = 512;

/** The place of the first index out of range, or −1. */
function firstOutside(data: HostArray, range: InputRange, mask: HostArray | undefined): number {
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  for (const [start, length, step, times] of range.parts)
    for (let k = 0; k < times; k++) {
      const end = start + k * step + length;
      for (let begin = start + k * step; begin < end; begin += BLOCK) {
        const at = firstOf(bits, begin, Math.min(end, begin + BLOCK), range, mask);
        if (at >= 0) return at;
      }
    }
  return -1;
}

function firstOf(
  bits: Int32Array,
  begin: number,
  end: number,
  { low, high, ignore = low }: InputRange,
  mask: HostArray | undefined,
): number {
  const span = high - low;
  if (span < 2 ** 31) {
    // No branch for each: the sign tells whether one is below low, or above high.
    let signs = 0;
    for (let i = begin; i < end; i++) {
      const above = (bits[i] - low) | 0;
      signs |= above | (span - above);
    }
    if (signs >= 0) return -1;
  }
  for (let i = begin; i < end; i++)
    if ((bits[i] - low) >>> 0 > span && bits[i] !== (ignore | 0) && (mask === undefined || mask[i] !== 0)) return i;
  return -1;
}

/** Where in the user's words: `lead, u32[64, 32], holds 99 at [3, 5]; …`. */
export function outOfRange(lead: string, type: TensorType, at: number, value: number, range: NamedRange, end = ""): UnrollError {
  const { low, high, ignore, op, of } = range;
  const signed = type.dtype === "u32" && value >= 2 ** 31 ? ` (${value | 0} as an i32)` : "";
  const allowed = `${low} to ${high}${ignore === undefined || (ignore >= low && ignore <= high) ? "" : `, or ${ignore}, which is ignored`}`;
  return new UnrollError(
    "range",
    `${lead}, ${formatType(type)}, holds ${value}${signed} at ${placeOf(type.shape, at)}; ${op} selects one of ${of} by it, so it must be ${allowed}${end}`,
  );
}

/** Coordinates, and the place among all elements. */
function placeOf(shape: Shape, at: number): string {
  let rest = at;
  const place = shape.map(() => 0);
  for (let d = shape.length - 1; d >= 0; d--) {
    place[d] = rest % shape[d];
    rest = Math.floor(rest / shape[d]);
  }
  return shape.length > 1 ? `[${place.join(", ")}] (element ${at})` : `[${place.join(", ")}]`;
}
