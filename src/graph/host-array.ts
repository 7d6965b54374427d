import { check } from "../errors.ts";
import { isDetached } from "../host.ts";
import type { DType } from "./types.ts";

const NAMES: Readonly<Record<DType, string>> = { f32: "Float32Array", i32: "Int32Array", u32: "Uint32Array", f16: "Uint16Array" };

/** The typed array that holds values of a type; undefined for what is no type. */
export const arrayName = (dtype: DType): string | undefined => (Object.hasOwn(NAMES, dtype) ? NAMES[dtype] : undefined);

/** An array whose memory was transferred to a worker has no values any more. @throws UnrollError `argument` */
export function checkMemory(what: string, { buffer, byteLength }: ArrayBufferView): void {
  if (byteLength > 0) return;
  check(!isDetached(buffer), "argument", () => `${what} has no memory any more: its buffer was transferred; give a copy`);
}
