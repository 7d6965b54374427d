import { BENCH_SCHEMA, type BenchReport, type BenchResult, type Check, type Distribution, type Roofline } from "./schema.ts";

/* The JSON Schema (draft 2020-12) of what `unroll bench --json` writes. Fields may be added while the number in `schema` stays. */

/** The part of JSON Schema that is used here, and that `parseReport` understands. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean";
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema;
}

/** Names of T that may be absent are no part of this. */
type RequiredNames<T> = { [K in keyof T]-?: Record<string, never> extends Pick<T, K> ? never : K }[keyof T] & string;

/** A schema with every name of T, so that the type and the schema cannot part ways. */
interface SchemaOf<T> extends JsonSchema {
  readonly type: "object";
  readonly required: readonly RequiredNames<T>[];
  readonly properties: { readonly [K in keyof T & string]-?: JsonSchema };
}

const string = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const amount = { type: "number", minimum: 0 } as const;
const count = { type: "integer", minimum: 0 } as const;

const distribution = {
  type: "object",
  description: "Repeated measurements, milliseconds of one run each.",
  required: ["samples", "median", "p10", "p90", "repeats"],
  properties: {
    samples: { type: "array", items: amount, description: "In the order of measuring." },
    median: amount,
    p10: amount,
    p90: amount,
    repeats: { type: "integer", minimum: 1, description: "Runs within each sample, of which it is the mean." },
    rounds: { type: "array", items: count, description: "How many samples each round has, in order." },
  },
} as const satisfies SchemaOf<Distribution>;

const checked = {
  type: "object",
  description: "Whether the output was right; only what is right is timed.",
  required: ["ok", "against"],
  properties: {
    ok: flag,
    against: { type: "string", enum: ["reference", "unroll", "none"] },
    error: { ...amount, description: "The largest error in units of what is allowed." },
    message: string,
  },
} as const satisfies SchemaOf<Check>;

const part = {
  type: "object",
  required: ["name", "ms"],
  properties: { name: string, ms: amount },
} as const satisfies SchemaOf<{ name: string; ms: number }>;

const result = {
  type: "object",
  description: "One subject's figures for one row; `name` and `subject` together are unique.",
  required: ["suite", "name", "subject", "check"],
  properties: {
    suite: string,
    name: string,
    subject: string,
    chosen: flag,
    check: checked,
    gpu: distribution,
    wall: distribution,
    precision: { type: "string", enum: ["f32", "f16"] },
    flops: amount,
    bytes: { ...amount, description: "The fewest that must move." },
    dispatches: count,
    submits: count,
    parts: { type: "array", items: part, description: "Of a cold start, in order." },
    shippedBytes: { ...amount, description: "Script that a page ships, gzipped." },
    missing: { type: "string", description: "Why there is no figure." },
  },
} as const satisfies SchemaOf<BenchResult>;

const roofline = {
  type: "object",
  description: "What the hardware can do, measured in the same run; rates per second.",
  required: [
    "fma",
    "memory",
    "workgroupBytesPerSecond",
    "barrierNanoseconds",
    "dispatchMicroseconds",
    "submitMicroseconds",
    "readbackMicroseconds",
  ],
  properties: {
    fma: {
      type: "object",
      description: "FLOP/s; a multiply-add counts as two.",
      required: ["scalar", "vec4"],
      properties: { scalar: amount, vec4: amount, f16: amount },
    },
    memory: {
      type: "array",
      items: {
        type: "object",
        required: ["workingSetBytes", "bytesPerSecond"],
        properties: { workingSetBytes: amount, bytesPerSecond: amount },
      },
    },
    workgroupBytesPerSecond: amount,
    barrierNanoseconds: amount,
    dispatchMicroseconds: amount,
    submitMicroseconds: amount,
    readbackMicroseconds: amount,
  },
} as const satisfies SchemaOf<Roofline>;

const environment = {
  type: "object",
  required: ["adapter", "features", "limits", "userAgent", "runtime", "flags", "versions"],
  properties: {
    adapter: {
      type: "object",
      required: ["vendor", "architecture", "device", "description", "software"],
      properties: { vendor: string, architecture: string, device: string, description: string, software: flag },
    } as const satisfies SchemaOf<BenchReport["environment"]["adapter"]>,
    features: { type: "array", items: string },
    limits: { type: "object", additionalProperties: { type: "number" } },
    userAgent: string,
    runtime: { type: "object", required: ["name", "choice"], properties: { name: string, choice: string } },
    flags: { type: "array", items: string },
    versions: { type: "object", additionalProperties: string },
    cores: count,
    driver: string,
  },
} as const satisfies SchemaOf<BenchReport["environment"]>;

const clock = {
  type: "object",
  required: ["kind", "wallGrainNanoseconds"],
  properties: {
    kind: { type: "string", enum: ["gpu", "wall"] },
    gpuGrainNanoseconds: amount,
    wallGrainNanoseconds: amount,
  },
} as const satisfies SchemaOf<BenchReport["clock"]>;

export const benchJsonSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "urn:unroll-bench:1",
  title: "A report of unroll bench",
  type: "object",
  required: ["schema", "date", "environment", "clock", "results"],
  properties: {
    schema: { type: "string", const: BENCH_SCHEMA },
    date: { type: "string", description: "ISO 8601, when the run began." },
    command: string,
    environment,
    clock,
    roofline,
    results: { type: "array", items: result },
    incomplete: flag,
  },
} as const satisfies SchemaOf<BenchReport>;
