import type { HostArray } from "../graph/types.ts";
import type { Types } from "../program/batch.ts";

/** Tokens and labels may come as Int32Array or Uint32Array, whichever an input is declared as: the bits are the same. */
export function integersAs(
  program: { readonly inputs: Types },
  batch: Readonly<Record<string, HostArray | GPUBuffer>>,
): Record<string, HostArray | GPUBuffer> {
  return Object.fromEntries(
    Object.entries(batch).map(([name, data]) => {
      const dtype = program.inputs[name]?.dtype;
      if (dtype === "i32" && data instanceof Uint32Array) return [name, new Int32Array(data.buffer, data.byteOffset, data.length)];
      if (dtype === "u32" && data instanceof Int32Array) return [name, new Uint32Array(data.buffer, data.byteOffset, data.length)];
      return [name, data];
    }),
  );
}
