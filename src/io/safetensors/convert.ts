import { check, quote } from "../../errors.ts";
import { fromHalf } from "../../graph/half.ts";
import { hostArray } from "../../graph/tensor.ts";
import type { DType, HostArray, NamedArray } from "../../graph/types.ts";
import type { FileArray, FileDType } from "./types.ts";

/** How the types of a file become those of the engine. What is not here cannot. */
const TARGETS: Readonly<Partial<Record<FileDType, DType>>> = {
  f64: "f32",
  f32: "f32",
  f16: "f16",
  bf16: "f32",
  f8_e4m3: "f32",
  f8_e5m2: "f32",
  f8_e8m0: "f32",
  f8_e4m3fnuz: "f32",
  f8_e5m2fnuz: "f32",
  i64: "i32",
  i32: "i32",
  i16: "i32",
  i8: "i32",
  u64: "u32",
  u32: "u32",
  u16: "u32",
  u8: "u32",
  bool: "u32",
};

/** Floats of 8 bits: exponent bits, mantissa bits, bias, and which bits are infinite or NaN. github.com/jax-ml/ml_dtypes */
const SMALL: Readonly<Partial<Record<FileDType, readonly [mantissa: number, bias: number, kind: "ieee" | "fn" | "fnuz"]>>> = {
  f8_e4m3: [3, 7, "fn"],
  f8_e5m2: [2, 15, "ieee"],
  f8_e4m3fnuz: [3, 8, "fnuz"],
  f8_e5m2fnuz: [2, 16, "fnuz"],
};

function fromSmall(dtype: FileDType, bits: number): number {
  if (dtype === "f8_e8m0") return bits === 255 ? Number.NaN : 2 ** (bits - 127);
  const [mantissaBits, bias, kind] = SMALL[dtype] as NonNullable<(typeof SMALL)[FileDType]>;
  const magnitude = bits & 127;
  const exponent = magnitude >> mantissaBits;
  const fraction = (magnitude & ((1 << mantissaBits) - 1)) / (1 << mantissaBits);
  const sign = bits & 128 ? -1 : 1;
  if (kind === "fnuz" && bits === 128) return Number.NaN;
  if (kind === "fn" && magnitude === 127) return Number.NaN;
  if (kind === "ieee" && exponent === 127 >> mantissaBits) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? (1 + fraction) * 2 ** (exponent - bias) : fraction * 2 ** (1 - bias));
}

function bfloats(bits: Uint16Array): Float32Array {
  const wide = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = bits[i] << 16;
  return new Float32Array(wide.buffer);
}

/** The least and the largest value of a type; of f32 but the infinities, which stay. */
const RANGES: Readonly<Record<"f32" | "i32" | "u32", readonly [least: number, most: number]>> = {
  f32: [-(2 - 2 ** -23) * 2 ** 127, (2 - 2 ** -23) * 2 ** 127],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
};

/**
 * An array in a type of the engine.
 * @param halves what becomes of f16
 * @param clamp takes the nearest value for one out of range
 * @throws UnrollError `dtype` when the type has no counterpart, or a value is out of the range of it.
 */
export function converted(name: string, array: FileArray, halves: "f16" | "f32", clamp: boolean): NamedArray {
  const { dtype, shape, data } = array;
  const target = dtype === "f16" ? halves : TARGETS[dtype];
  check(
    target !== undefined,
    "dtype",
    () => `decodeSafetensors: ${quote(name)} is ${dtype}, which cannot be converted; skip it, or decode without convert`,
  );
  if (dtype === target) return { dtype: target, shape, data: data as HostArray };
  if (dtype === "bf16") return { dtype: "f32", shape, data: bfloats(data) };
  const result = hostArray(target, data.length);
  if (dtype === "f16") for (let i = 0; i < data.length; i++) result[i] = fromHalf(data[i]);
  else if (target === "f32" && dtype !== "f64") for (let i = 0; i < data.length; i++) result[i] = fromSmall(dtype, Number(data[i]));
  else if (dtype === "bool") for (let i = 0; i < data.length; i++) result[i] = data[i] === 0 ? 0 : 1;
  else
    for (let i = 0; i < data.length; i++) {
      const value = Number(data[i]);
      result[i] = value;
      // integers are exact or differ; of a double only what is finite can leave the range
      const fits = target === "f32" ? Number.isFinite(result[i]) || !Number.isFinite(value) : result[i] === value;
      if (fits) continue;
      check(
        clamp,
        "dtype",
        () =>
          `decodeSafetensors: ${quote(name)} is ${dtype}, and its value ${i}, ${data[i]}, is beyond the range of ${target}; give outOfRange: "clamp", skip it, or decode without convert`,
      );
      const [least, most] = RANGES[target as keyof typeof RANGES];
      result[i] = Math.min(most, Math.max(least, value));
    }
  return { dtype: target, shape, data: result };
}
