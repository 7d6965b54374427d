import { check, describe } from "../errors.ts";
import { benchJsonSchema, type JsonSchema } from "./json-schema.ts";
import { BENCH_SCHEMA, type BenchReport } from "./schema.ts";

/** A report from the text of a file, or from what such a text holds; whatever else that is is refused in words for whoever gave it. */
export function parseReport(source: unknown): BenchReport {
  const value = typeof source === "string" ? parseJson(source) : source;
  const object = (typeof value === "object" && value !== null && !Array.isArray(value) ? value : {}) as Partial<BenchReport>;
  const named: unknown = object.schema;
  check(
    typeof named === "string",
    "argument",
    () => `this is no report of unroll bench: it has no "schema" (${value === object ? "an object" : described(value)})`,
  );
  checkVersion(named);
  check(object.results !== undefined, "argument", "this report of unroll bench has no results: its file may have been cut off");
  const wrong = mismatch(value, benchJsonSchema, "");
  check(wrong === undefined, "argument", () => `this report of unroll bench is damaged: ${wrong}`);
  return value as BenchReport;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const kind = text.trim() === "" ? "the file is empty" : /^\s*</.test(text) ? "it looks like HTML; save the JSON instead" : reason;
    check(false, "argument", `this is no report of unroll bench: it is not JSON (${kind})`);
  }
}

function checkVersion(named: string): void {
  const [name, version] = BENCH_SCHEMA.split("/");
  const [, other, number] = /^(.*)\/(\d+)$/.exec(named) ?? [undefined, named, ""];
  check(other === name, "argument", () => `this is no report of unroll bench but of "${short(named)}"`);
  const age = Number(number) - Number(version);
  check(
    age <= 0,
    "argument",
    () => `this report is of a newer unroll (${named}; this one reads ${BENCH_SCHEMA}): update unroll to read it, or run the bench anew`,
  );
  check(
    number !== "" && age === 0,
    "argument",
    () => `this report is of a version that is no longer read (${short(named)}): run the bench anew`,
  );
}

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** JSON has no other kinds of values. */
const described = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "a list" : short(describe(value)));

/** The first place where a value does not fit a schema, in words. */
function mismatch(value: unknown, schema: JsonSchema, path: string): string | undefined {
  const expects = (what: string) => `${path || "it"} should be ${what}, not ${described(value)}`;
  if (schema.type && !isOf(value, schema.type)) return expects(KINDS[schema.type]);
  if (schema.const !== undefined && value !== schema.const) return expects(JSON.stringify(schema.const));
  if (schema.enum && !schema.enum.includes(value as string)) return expects(`one of ${schema.enum.join(", ")}`);
  if (schema.minimum !== undefined && (value as number) < schema.minimum) return expects(`at least ${schema.minimum}`);
  if (Array.isArray(value)) return first(value.entries(), ([i, item]) => schema.items && mismatch(item, schema.items, `${path}[${i}]`));
  if (typeof value !== "object" || value === null) return undefined;
  const at = (name: string) => (path ? `${path}.${name}` : name);
  const missing = schema.required?.find((name) => (value as Record<string, unknown>)[name] === undefined);
  if (missing !== undefined) return `${at(missing)} is missing`;
  return first(Object.entries(value), ([name, item]) => {
    const own = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : schema.additionalProperties;
    // a report that was never written may hold names with nothing; JSON drops them
    return own && item !== undefined ? mismatch(item, own, at(name)) : undefined;
  });
}

const KINDS = {
  object: "an object",
  array: "a list",
  string: "text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
} as const;

function isOf(value: unknown, type: keyof typeof KINDS): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function first<T>(items: Iterable<T>, find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
