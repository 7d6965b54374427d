/*
 * What a value of the host is, whichever window, worker or context of Node it comes from, and whichever class extends it: `instanceof` and
 * `constructor` know only those of the realm that this script runs in.
 */

/**
 * "Float32Array" and the like, for typed arrays of any realm and their subclasses (Node's Buffer is a "Uint8Array"); undefined for all else.
 * The getter reads what the engine keeps of the object, so that no property can pretend.
 */
export const typedArrayName = (value: unknown): string | undefined =>
  Reflect.get(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag, value) as string | undefined;

/** What people call a value: the class of a typed array or object, else the value. */
export const nameOfClass = (value: unknown): string =>
  typedArrayName(value) ?? (value as { constructor?: { name?: string } } | undefined | null)?.constructor?.name ?? String(value);

/** An ArrayBuffer, or a SharedArrayBuffer, of any realm. */
export function isBufferOfBytes(value: unknown): value is ArrayBuffer {
  const kinds: { prototype: object }[] = [ArrayBuffer, ...(typeof SharedArrayBuffer === "undefined" ? [] : [SharedArrayBuffer])];
  return kinds.some(({ prototype }) => {
    try {
      Reflect.get(prototype, "byteLength", value); // throws for all others
      return true;
    } catch {
      return false;
    }
  });
}

/** What was transferred to somebody else has no bytes left, and cannot be read. */
export function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** Memory that may change its size: WebGPU, TextDecoder and others refuse it. */
export const isResizable = (buffer: ArrayBufferLike): boolean =>
  (buffer as { resizable?: boolean }).resizable === true || (buffer as { growable?: boolean }).growable === true;

/** Memory that other threads may see. */
export const isShared = (buffer: ArrayBufferLike): boolean => tagOf(buffer) === "SharedArrayBuffer";

/** "Map", "RegExp", "HTMLCanvasElement": what an object says of itself, whichever realm it comes from. */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** An object of names and values, as `{ … }` makes it: no array, no instance of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // that of any realm has none above it
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "hasOwnProperty"));
}

export const isGpuBuffer = (value: unknown): value is GPUBuffer =>
  (typeof GPUBuffer !== "undefined" && value instanceof GPUBuffer) ||
  (typeof value === "object" && value !== null && !isPlainObject(value) && tagOf(value) === "GPUBuffer");
