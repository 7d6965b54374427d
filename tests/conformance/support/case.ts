// What a conformance case is, whatever folder it comes from. Plain data: it travels to the page as JSON.

/** A tensor of a case. int64 labels and indices of ONNX are i32 here. */
export interface Values {
  readonly dtype: "f32" | "i32";
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** How far a result may be from the expected one, for each element. */
export type Tolerance =
  /** |a − b| ≤ absolute + relative·|b|. */
  | { readonly metric: "difference"; readonly absolute: number; readonly relative: number }
  /** The distance in units in the last place, as WebNN counts them. */
  | { readonly metric: "ULP"; readonly value: number };

/** Where a case is computed: by the references in f64, or by the kernels. */
export type Path = "reference" | "gpu";

export interface Case {
  /** Unique: folder and name. */
  readonly name: string;
  /** The builder that turns it into a graph. */
  readonly op: string;
  /** Attributes, options, metadata: as the folder has them. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, Values>>;
  readonly expected: Readonly<Record<string, Values>>;
  /** By expected tensor. */
  readonly tolerance: Readonly<Record<Path, Readonly<Record<string, Tolerance>>>>;
}

/** What a run of a case gives back: the tensors by the names of `expected`, or what went wrong. */
export type CaseResult =
  | { readonly outputs: Readonly<Record<string, { shape: readonly number[]; data: ArrayLike<number> }>> }
  | { readonly error: string };

/** A number as JSON, which has no NaN, no infinities and no −0: these travel as strings. */
const escape = (n: number): number | string => (Number.isFinite(n) && !Object.is(n, -0) ? n : `number:${Object.is(n, -0) ? "-0" : n}`);

export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, v) => {
    if (ArrayBuffer.isView(v)) return Array.from(v as Float32Array);
    return typeof v === "number" ? escape(v) : v;
  });

export const fromJson = <T>(text: string): T =>
  JSON.parse(text, (_, v) => (typeof v === "string" && v.startsWith("number:") ? Number(v.slice(7)) : v)) as T;
