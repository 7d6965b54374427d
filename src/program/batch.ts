import { check, describe } from "../errors.ts";
import { arrayName, checkMemory } from "../graph/host-array.ts";
import { byteLength, formatType, type HostArray, sizeOf, type TensorType } from "../graph/types.ts";
import { isGpuBuffer, nameOfClass, typedArrayName } from "../host.ts";

/** What is known of tensors by name: enough to run what is compiled already. */
export type Types = Readonly<Record<string, TensorType>>;

export const isBuffer = isGpuBuffer;

/** Checks a batch before anything is uploaded. @throws UnrollError `name`, `dtype`, `size` */
export function checkBatch(inputs: Types, batch: Readonly<Record<string, HostArray | GPUBuffer>>): void {
  check(
    batch !== null && typeof batch === "object" && !ArrayBuffer.isView(batch),
    "argument",
    "run: the first argument must be an object with the inputs by name",
  );
  for (const name of Object.keys(batch))
    check(
      Object.hasOwn(inputs, name),
      "name",
      () => `run: there is no input "${name}"; inputs are ${Object.keys(inputs).join(", ") || "none"}`,
    );
  for (const [name, tensor] of Object.entries(inputs)) {
    const value = batch[name];
    check(value !== undefined && value !== null, "name", () => `run: input "${name}", ${formatType(tensor)}, is missing`);
    if (isBuffer(value)) {
      const bytes = byteLength(tensor);
      check(
        value.size >= bytes,
        "size",
        () => `run: input "${name}", ${formatType(tensor)}, needs ${bytes} bytes; the GPUBuffer has ${value.size}`,
      );
      check((value.usage & 4) !== 0, "argument", () => `run: the GPUBuffer for input "${name}" must be made with usage COPY_SRC`);
      check(value.mapState === "unmapped", "argument", () => `run: the GPUBuffer for input "${name}" is mapped; unmap it first`);
      check(bytes % 4 === 0, "size", () => `run: input "${name}" has ${bytes} bytes; a GPUBuffer can give only a multiple of 4`);
      continue;
    }
    const expected = arrayName(tensor.dtype);
    check(
      typedArrayName(value) === expected,
      "dtype",
      () => `run: input "${name}" is ${formatType(tensor)}; give a ${expected} or a GPUBuffer, not ${nameOfClass(value)}`,
    );
    checkMemory(`run: input "${name}"`, value);
    check(
      value.length === sizeOf(tensor.shape),
      "size",
      () => `run: input "${name}", ${formatType(tensor)}, needs ${sizeOf(tensor.shape)} values, not ${value.length}`,
    );
  }
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
