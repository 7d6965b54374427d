import { article, check, describe } from "../errors.ts";
import { arrayName, checkMemory } from "../graph/host-array.ts";
import { byteLength, formatType, type HostArray, sizeOf, type TensorType } from "../graph/types.ts";
import { isGpuBuffer, typedArrayName } from "../host.ts";
import { checkRanges, type InputRange, leadOf, RUN } from "./indices/range.ts";

/** What is known of tensors by name: enough to run what is compiled already. */
export type Types = Readonly<Record<string, TensorType>>;

export const isBuffer = isGpuBuffer;

/** What is known of the inputs of a program. */
export interface Signed {
  readonly inputs: Types;
  readonly indices: readonly InputRange[];
}

/** Batches that were checked in a caller's name, who made them and changes them no more. */
const checked = new WeakSet<object>();

/** Checks a batch before anything is uploaded. @throws UnrollError `name`, `dtype`, `size`, `range` */
export function checkBatch({ inputs, indices }: Signed, batch: Readonly<Record<string, HostArray | GPUBuffer>>, caller = RUN): void {
  check(
    batch !== null && typeof batch === "object" && !ArrayBuffer.isView(batch),
    "argument",
    "run: the first argument must be an object with the inputs by name",
  );
  if (checked.has(batch)) return;
  for (const name of Object.keys(batch))
    check(
      Object.hasOwn(inputs, name),
      "name",
      () => `run: there is no input "${name}"; inputs are ${Object.keys(inputs).join(", ") || "none"}`,
    );
  for (const [name, tensor] of Object.entries(inputs)) {
    const value = batch[name];
    const at = leadOf(caller, name);
    check(value !== undefined && value !== null, "name", () => `${at}, ${formatType(tensor)}, is missing`);
    if (isBuffer(value)) {
      const bytes = byteLength(tensor);
      check(value.size >= bytes, "size", () => `${at}, ${formatType(tensor)}, needs ${bytes} bytes; the GPUBuffer has ${value.size}`);
      check((value.usage & 4) !== 0, "argument", () => `${at}: the GPUBuffer must be made with usage COPY_SRC`);
      check(value.mapState === "unmapped", "argument", () => `${at}: the GPUBuffer is mapped; unmap it first`);
      check(bytes % 4 === 0, "size", () => `${at} has ${bytes} bytes; a GPUBuffer can give only a multiple of 4`);
      continue;
    }
    const expected = arrayName(tensor.dtype);
    check(
      typedArrayName(value) === expected,
      "dtype",
      () => `${at} is ${formatType(tensor)}; give ${article(String(expected))} or a GPUBuffer, not ${describe(value)}`,
    );
    checkMemory(at, value);
    check(
      value.length === sizeOf(tensor.shape),
      "size",
      () =>
        `${at}, ${formatType(tensor)}, needs ${sizeOf(tensor.shape)} values, not ${value.length}${caller.explain?.(name, value.length) ?? ""}`,
    );
  }
  checkRanges(indices, inputs, batch, caller);
  if (caller !== RUN) checked.add(batch);
}

/** @throws UnrollError `name` when something is asked for that is no output. */
export function checkRead(outputs: Types, read: readonly PropertyKey[]): void {
  check(Array.isArray(read), "argument", () => `run: read must be an array of names of outputs, not ${describe(read)}`);
  for (const name of read)
    check(
      Object.hasOwn(outputs, name),
      "name",
      () => `run: there is no output "${String(name)}"; outputs are ${Object.keys(outputs).join(", ") || "none"}`,
    );
}
