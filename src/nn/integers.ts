import type { HostArray } from "../graph/types.ts";
import { typedArrayName } from "../host.ts";
import type { Types } from "../program/batch.ts";

/** Tokens and labels may come as Int32Array or Uint32Array, whichever an input is declared as: the bits are the same. */
export function integersAs(
  program: { readonly inputs: Types },
  batch: Readonly<Record<string, HostArray | GPUBuffer>>,
): Record<string, HostArray | GPUBuffer> {
  return Object.fromEntries(
    Object.entries(batch).map(([name, data]) => {
      const dtype = program.inputs[name]?.dtype;
      const kind = typedArrayName(data);
      const view = data as Int32Array | Uint32Array;
      if (dtype === "i32" && kind === "Uint32Array") return [name, new Int32Array(view.buffer, view.byteOffset, view.length)];
      if (dtype === "u32" && kind === "Int32Array") return [name, new Uint32Array(view.buffer, view.byteOffset, view.length)];
      return [name, data];
    }),
  );
}
