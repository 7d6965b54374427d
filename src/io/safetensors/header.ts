import { check, describe, quote } from "../../errors.ts";
import { MAX_HEADER, METADATA } from "./types.ts";

/** Where an array lies in the data behind the header. Nothing of `dtype` and `shape` is known but what they are made of. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Record<string, string>;
  /** All of it behind the header. */
  readonly data: Uint8Array;
}

/** Objects of objects are as deep as the format goes. */
const MAX_DEPTH = 64;

/** Reads what comes before the data, and checks that the arrays cover them. @throws UnrollError `format` */
export function readHeader(bytes: Uint8Array): Header {
  check(bytes.length >= 8, "format", () => `decodeSafetensors: ${bytes.length} bytes are too few for a safetensors file`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  check(
    length <= Math.min(bytes.length - 8, MAX_HEADER),
    "format",
    () => `decodeSafetensors: the header should have ${length} bytes, the file has ${bytes.length}: not a safetensors file, or cut short`,
  );
  // a copy: a decoder of text takes neither shared memory nor any that may grow
  const header = parseObject(bytes.slice(8, 8 + length));
  const data = bytes.subarray(8 + length);
  const names = Object.keys(header).filter((name) => name !== METADATA);
  const entries = names.map((name) => parseEntry(name, header[name], data.length));
  checkSpans(entries, data.length);
  return { entries, metadata: parseMetadata(header[METADATA]), data };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  let text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    // the format wants it to begin with a brace
    header = text.startsWith("{") ? JSON.parse(text) : undefined;
  } catch {
    header = undefined; // told below
  }
  check(isObject(header), "format", "decodeSafetensors: the header is no JSON object: not a safetensors file");
  checkNames(text);
  return header;
}

/** The format forbids a name to come twice, and a parser of JSON takes the last. The text is valid JSON. */
function checkNames(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let start = -1;
  for (let i = 0; i < text.length; i++) {
    const sign = text[i];
    if (start >= 0) {
      if (sign === "\\") i++;
      if (sign !== '"') continue;
      const names = open[open.length - 1];
      const word = text.slice(start, i + 1);
      start = -1;
      if (!names || text[nextSign(text, i + 1)] !== ":") continue;
      const name = JSON.parse(word) as string;
      check(!names.has(name), "format", () => `decodeSafetensors: the header has the name ${quote(name)} twice`);
      names.add(name);
    } else if (sign === '"') start = i;
    else if (sign === "{" || sign === "[") {
      open.push(sign === "{" ? new Set() : undefined);
      check(open.length <= MAX_DEPTH, "format", `decodeSafetensors: the header has lists within lists, deeper than ${MAX_DEPTH}`);
    } else if (sign === "}" || sign === "]") open.pop();
  }
}

function nextSign(text: string, from: number): number {
  let i = from;
  while (i < text.length && " \n\r\t".includes(text[i])) i++;
  return i;
}

function parseEntry(name: string, entry: unknown, most: number): HeaderEntry {
  const said = `decodeSafetensors: ${quote(name)}`;
  const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : ({} as Record<string, unknown>);
  check(
    typeof dtype === "string" && Array.isArray(shape) && Array.isArray(offsets),
    "format",
    () => `${said} needs dtype, shape and data_offsets [begin, end]`,
  );
  const wrong = shape.findIndex((n) => !isSize(n));
  check(wrong < 0, "format", () => `${said} needs a shape of whole numbers of at least 0; its axis ${wrong} has ${describe(shape[wrong])}`);
  check(
    offsets.length === 2 && offsets.every(isSize) && offsets[0] <= offsets[1],
    "format",
    () =>
      `${said} needs data_offsets [begin, end], not ${offsets.length === 2 ? `[${offsets.map(describe).join(", ")}]` : describe(offsets)}`,
  );
  const [begin, end] = offsets as [number, number];
  check(end <= most, "format", () => `${said} ends at byte ${end} of ${most}: the file is cut short`);
  return { name, dtype, shape: shape.map((n: number) => n + 0), begin, end };
}

/** The format wants the data covered without holes and overlaps. */
function checkSpans(entries: readonly HeaderEntry[], length: number): void {
  let covered = 0;
  for (const { begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    check(
      begin === covered,
      "format",
      () => `decodeSafetensors: the arrays leave a hole or overlap at byte ${Math.min(begin, covered)} of the data`,
    );
    covered = end;
  }
  check(covered === length, "format", () => `decodeSafetensors: the arrays take ${covered} bytes, the file has ${length}`);
}

/** Null is what some writers leave where they have none. */
function parseMetadata(value: unknown): Record<string, string> {
  const given = value ?? {};
  check(
    isObject(given) && Object.values(given).every((v) => typeof v === "string"),
    "format",
    `decodeSafetensors: ${METADATA} must map names to strings`,
  );
  return given as Record<string, string>;
}
