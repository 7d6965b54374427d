import { isPlainObject } from "./host.ts";

/** What went wrong, as a stable word that programs can test. */
export type ErrorCode =
  | "shape" // ranks or sizes do not fit
  | "dtype" // an element type does not fit
  | "argument" // an option has a value that means nothing
  | "name" // a name is unknown, missing or taken twice
  | "size" // an array or buffer has the wrong length
  | "range" // an index selects nothing: a token beyond the vocabulary, a label that is no class
  | "limit" // more than the device, or an option of the engine, allows
  | "adapter" // no WebGPU, or no adapter
  | "self-test" // the adapter computes wrong values
  | "shader" // WGSL that does not compile, or bindings that do not fit it
  | "gradient" // a gradient is asked for where there is none
  | "non-finite" // a loss or gradient became infinite or NaN
  | "refused" // WebGPU refused a submit: a buffer was destroyed or belongs to another device
  | "disposed" // the engine, program or trainer was disposed
  | "lost" // the GPU device was lost
  | "missing" // an optional package, file or program is not there
  | "format"; // a file does not hold what it should

/** The one error type of this library: `code` is stable, `message` is for people. */
export class UnrollError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UnrollError";
    this.code = code;
  }
}

/** The most characters of a file, or of a value, that a message repeats. */
const MOST_QUOTED = 120;

/** Text in quotation marks, its middle left out where it is long. */
export function quote(text: string): string {
  const half = MOST_QUOTED / 2;
  return JSON.stringify(text.length > MOST_QUOTED ? `${text.slice(0, half)}…${text.slice(-half)}` : text);
}

/** Words that begin with the sound of a vowel: an Array, an HTMLImageElement, an f32, but a Uint32Array, a u32. */
const VOWEL = /^(?:[AEFHILMNORSX](?=[A-Z\d])|[aefhilmnorsx](?=\d)|[AEIOaeio]|[Uu](?!i|ni|s|t|[A-Z\d]))/;

/** A word with "a" or "an" before it. */
export const article = (word: string): string => `${VOWEL.test(word) ? "an" : "a"} ${word}`;

/** A value of any kind as messages name it. */
export function describe(value: unknown): string {
  if (typeof value === "string") return quote(value);
  // Names that a minifier gave say nothing.
  if (typeof value === "function") return value.name.length > 2 ? `the function ${value.name}` : "a function";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? article(value.constructor?.name || "object") : String(value);
}

/** The same with what was probably meant, by the name of a function or as text: "the function relu; give reluActivation". */
export function describeMeant(value: unknown, cures: Readonly<Record<string, string>>): string {
  const name = typeof value === "function" ? value.name : value;
  const cure = typeof name === "string" && Object.hasOwn(cures, name) ? cures[name] : undefined;
  return cure === undefined ? describe(value) : `${describe(value)}; give ${cure}`;
}

/**
 * Checks that what was given as options is an object that has no names but these: a misspelt option that changes nothing is worse than
 * an error.
 */
export function checkOptions(call: string, options: unknown, names: readonly string[]): void {
  const known = names.join(", ");
  check(isPlainObject(options), "argument", () => `${call}: options must be an object such as { ${known} }, not ${describe(options)}`);
  for (const name of Object.keys(options))
    check(names.includes(name), "name", () => `${call}: there is no option "${name}"; options are ${known}`);
}

/** Checks an option that is true or false. */
export function checkFlag(call: string, name: string, value: unknown): void {
  check(typeof value === "boolean", "argument", () => `${call}: ${name} must be true or false, not ${describe(value)}`);
}

/** Throws an `UnrollError` unless `condition` holds; `message` is only built when it is needed. */
export function check(condition: unknown, code: ErrorCode, message: string | (() => string)): asserts condition {
  if (!condition) throw new UnrollError(code, typeof message === "string" ? message : message());
}
