/** Element types. f32 is computed with everywhere; i32 and u32 carry indices; f16 is storage where `shader-f16` exists. */
export type DType = "f32" | "i32" | "u32" | "f16";

/** Sizes, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

/** The shape type that keeps only the rank of `S`. */
export type Rank<S extends Shape> = number extends S["length"] ? Shape : { readonly [K in keyof S]: number };

/** The rank of two shapes broadcast together: the longer one. */
export type Broadcast<A extends Shape, B extends Shape> = number extends A["length"]
  ? Shape
  : number extends B["length"]
    ? Shape
    : A extends readonly [...B, ...number[]]
      ? A
      : B;

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Host arrays by element type; f16 travels as its 16 bits. */
export interface HostArrays {
  f32: Float32Array;
  i32: Int32Array;
  u32: Uint32Array;
  f16: Uint16Array;
}
export type HostArray = HostArrays[DType];

export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

export const bytesPerElement = (dtype: DType): number => (dtype === "f16" ? 2 : 4);

export const byteLength = (type: TensorType): number => sizeOf(type.shape) * bytesPerElement(type.dtype);

/** `f32[2, 3]`, as error messages and reports print it. */
export const formatType = (type: TensorType): string => `${type.dtype}[${type.shape.join(", ")}]`;

export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

/** An array with its type: what checkpoints and files hold, by name. `data` is row-major; f16 travels as its 16 bits. */
export interface NamedArray {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: HostArray;
}
