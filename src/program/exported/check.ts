import { check, describe, quote } from "../../errors.ts";
import { align } from "../../gpu/gpu.ts";
import { arrayName } from "../../graph/host-array.ts";
import { byteLength, type DType, sizeOf, type TensorType } from "../../graph/types.ts";
import { CONTROL } from "../../graph/update.ts";
import { STATUS_BYTES } from "../built.ts";
import { ENTRY_ALIGNMENT, entryBytes } from "../gpu-store.ts";
import { DEVICE_KINDS, type ExportedVariable, PROGRAM_ID } from "./format.ts";

/*
 * A file may come from anywhere: each part of it is checked, by its place in the file, before anything is made of it. What is left to the
 * GPU is its code, which WebGPU keeps within what a dispatch binds.
 */

/** A part of a file, and how its place in it is called. */
type Part = Readonly<Record<string, unknown>>;

/** How the place of a part in the file is called. Text is made for errors only: a file has thousands of places. */
type Place = () => string;

/** Longer names are nothing that people gave. */
const MOST_LETTERS = 1000;
/** WebGPU's defaults, which exported programs keep within. */
const MOST_BYTES = 2 ** 27;
const MOST_WORKGROUPS = 65535;
/** Words of the uniform of a dispatch. */
const MOST_PARAMS = 64;

/** How each way to draw is called, and how many numbers it takes. */
const DRAWS: Readonly<Record<string, number>> = { fill: 1, uniform: 2, within: 1, normal: 2, orthogonal: 1 };

function need(right: unknown, place: Place, expected: string, value: unknown): asserts right {
  check(right, "format", () => `load: ${place()} must be ${expected}, not ${describe(value)}`);
}

const isPart = (value: unknown): value is Part => typeof value === "object" && value !== null && !Array.isArray(value);

function part(value: unknown, place: Place): Part {
  need(isPart(value), place, "an object", value);
  return value;
}

function list(value: unknown, place: Place): readonly unknown[] {
  need(Array.isArray(value), place, "an array", value);
  return value;
}

function word(value: unknown, place: Place): string {
  need(typeof value === "string" && value.length <= MOST_LETTERS, place, `text of at most ${MOST_LETTERS} letters`, value);
  return value;
}

function whole(value: unknown, place: Place, most: number, least = 0): number {
  const right = Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  if (!right) need(right, place, `a whole number from ${least} to ${most}`, value);
  return value as number;
}

function oneOf(value: unknown, place: Place, words: readonly unknown[]): void {
  const right = words.includes(value);
  if (!right) need(right, place, words.map(describe).join(" or "), value);
}

/** Names and values of an object. No name, such as `__proto__`, means anything else. */
function named(value: unknown, place: Place): [name: string, value: unknown, place: Place][] {
  return Object.entries(part(value, place)).map(([name, one]) => [
    word(name, () => `a name in ${place()}`),
    one,
    () => `${place()} ${quote(name)}`,
  ]);
}

function type(value: unknown, place: Place): TensorType {
  const { dtype, shape } = part(value, place);
  need(arrayName(dtype as DType), () => `${place()}: dtype`, "a type of elements", dtype);
  for (const n of list(shape, () => `${place()}: shape`)) whole(n, () => `${place()}: shape: a size`, Number.MAX_SAFE_INTEGER);
  const found = { dtype: dtype as DType, shape: shape as number[] };
  whole(byteLength(found), () => `${place()}: its bytes`, MOST_BYTES);
  return found;
}

/** Numbers that JSON has no word for are text. */
const isNumber = (value: unknown): boolean =>
  typeof value === "number" ? Number.isFinite(value) : value === "-0" || value === "NaN" || value === "Infinity" || value === "-Infinity";

/** The bytes that a text in base64 stands for. */
function base64Bytes(value: unknown, place: Place): number {
  const letters = typeof value === "string" ? value.replace(/={1,2}$/, "") : "-";
  need(!/[^A-Za-z0-9+/]/.test(letters) && (value as string).length % 4 === 0, place, "bytes in base64", value);
  return Math.floor((letters.length * 3) / 4);
}

function kernel(value: unknown, place: Place): void {
  const { name, wgsl, bindings, params } = part(value, place);
  word(name, () => `${place()}: name`);
  need(typeof wgsl === "string", () => `${place()}: wgsl`, "text", wgsl);
  for (const [, binding, at] of named(bindings, () => `${place()}: bindings`)) {
    const { dtype, access } = part(binding, at);
    need(arrayName(dtype as DType), () => `${at()}: dtype`, "a type of elements", dtype);
    oneOf(access, () => `${at()}: access`, ["read", "write", "read_write"]);
  }
  if (params === undefined) return;
  const all = named(params, () => `${place()}: params`);
  whole(all.length, () => `${place()}: the number of params`, MOST_PARAMS);
  for (const [, kind, at] of all) oneOf(kind, at, ["u32", "i32", "f32"]);
  // one param more or less, and all behind it would be others
  const [, struct] = /var\s*<\s*uniform\s*>\s*params\s*:\s*(\w+)/.exec(wgsl) ?? [];
  const [, fields = ""] = new RegExp(`struct\\s+${struct}\\s*\\{([^}]*)\\}`).exec(wgsl) ?? [];
  const declared = fields.replace(/\s|,\s*$/g, "");
  const expected = all.map(([param, kind]) => `${param}:${kind}`).join();
  need(declared === expected, () => `${place()}: params`, "the fields of the uniform in its code", expected);
}

/** Bytes of a segment as a file declares it: nothing behind them is the file's. */
const segmentBytes = (members: readonly ExportedVariable[]): number => members.reduce((sum, one) => sum + entryBytes(one), 0);

function segment(value: unknown, place: Place, names: Set<string>): void {
  let end = 0;
  const members = list(value, place);
  need(members.length > 0, place, "an array of variables", value);
  for (const [i, member] of members.entries()) {
    const at = () => `${place()}, variable ${i}`;
    const { name, offset, initial, seed } = part(member, at);
    word(name, () => `${at()}: name`);
    need(name && !names.has(name as string), () => `${at()}: name`, "a name that no other variable has", name);
    names.add(name as string);
    const found = type(member, at);
    need(offset === end, () => `${at()}: offset`, `${end}, behind the one before it`, offset);
    end += entryBytes(found);
    if (Array.isArray(initial)) {
      const [kind, ...numbers] = initial as unknown[];
      need(typeof kind === "string" && Object.hasOwn(DRAWS, kind), () => `${at()}: initial`, "a way to draw", kind);
      need(
        numbers.length === DRAWS[kind] && numbers.every(isNumber),
        () => `${at()}: initial`,
        `numbers to draw by: ${DRAWS[kind]}`,
        initial,
      );
      need(kind !== "orthogonal" || found.shape.length > 0, () => `${at()}: initial`, "another than orthogonal for a scalar", kind);
    } else
      need(
        base64Bytes(initial, () => `${at()}: initial`) === byteLength(found),
        () => `${at()}: initial`,
        `${byteLength(found)} bytes`,
        initial,
      );
    need(seed === undefined || Number.isFinite(seed), () => `${at()}: seed`, "a number", seed);
  }
  whole(end, () => `${place()}: its bytes`, MOST_BYTES);
}

/** Checks all of a file. @throws UnrollError `format`, with the place in the file */
export function checkFile(file: Part): void {
  const kernels = list(file.kernels, () => "kernels");
  for (const [i, one] of kernels.entries()) kernel(one, () => `kernel ${i}`);
  const variables = new Set<string>();
  const segments = list(file.segments, () => "segments");
  for (const [i, one] of segments.entries()) segment(one, () => `segment ${i}`, variables);
  const context = { kernels: kernels as FileContext["kernels"], segments: segments as FileContext["segments"], variables };
  for (const [name, one] of named(file.programs, () => "programs")) program(one, () => `program ${quote(name)}`, context);
}

interface FileContext {
  readonly kernels: readonly { readonly bindings: Part; readonly params?: Readonly<Record<string, "u32" | "i32" | "f32">> }[];
  readonly segments: readonly (readonly ExportedVariable[])[];
  readonly variables: ReadonlySet<string>;
}

function program(value: unknown, place: Place, file: FileContext): void {
  const { label, inputs, outputs, updates, states, plans, indices = [] } = part(value, place);
  word(label, () => `${place()}: label`);
  need(typeof updates === "boolean", () => `${place()}: updates`, "true or false", updates);
  const types = (of: unknown, what: string) =>
    new Map(named(of, () => `${place()}: ${what}`).map(([name, one, at]) => [name, type(one, at)]));
  const known = { ...file, inputs: types(inputs, "inputs"), states: [] as string[][], used: new Set<readonly string[]>() };
  const results = [...types(outputs, "outputs").values()];
  for (const [i, one] of list(states, () => `${place()}: states`).entries()) {
    const at = () => `${place()}: state ${i}`;
    const state = list(one, at).map((name, j) => word(name, () => `${at()}, name ${j}`));
    need(state.length === 3 && file.variables.has(state[0]), at, "a variable of this file, an optimizer and a state", state[0]);
    known.states.push(state);
  }
  for (const [i, one] of list(indices, () => `${place()}: indices`).entries())
    inputRange(one, () => `${place()}: range ${i}`, known.inputs);
  const kinds = named(plans, () => `${place()}: plans`);
  need(kinds.length > 0, () => `${place()}: plans`, "at least one", plans);
  for (const [kind, one, at] of kinds) {
    oneOf(kind, () => `${place()}: the kind of a plan`, DEVICE_KINDS);
    plan(one, at, known, results);
  }
  for (const [i, state] of known.states.entries())
    need(known.used.has(state), () => `${place()}: state ${i}`, "a state that a plan of the program uses", state[2]);
}

/** What indices may be, and in whose words errors tell of them. */
function range(value: unknown, place: Place): Part {
  const found = part(value, place);
  const { low, high, ignore, op, of } = found;
  for (const n of [low, high, ...(ignore === undefined ? [] : [ignore])]) whole(n, () => `${place()}: its bounds`, 2 ** 32 - 1, -(2 ** 31));
  need((low as number) <= (high as number), () => `${place()}: high`, "low or more", high);
  for (const text of [op, of]) word(text, () => `${place()}: op and of`);
  return found;
}

function inputRange(value: unknown, place: Place, inputs: ReadonlyMap<string, TensorType>): void {
  const { input, mask, parts } = range(value, place);
  const found = inputs.get(input as string);
  need(found && (found.dtype === "i32" || found.dtype === "u32"), () => `${place()}: input`, "an input of whole numbers", input);
  const size = sizeOf(found.shape);
  const masking = inputs.get(mask as string);
  need(mask === undefined || (masking && sizeOf(masking.shape) === size), () => `${place()}: mask`, `an input of ${size} elements`, mask);
  for (const one of list(parts, () => `${place()}: parts`)) {
    const numbers = list(one, () => `${place()}: a part`).map((n) => whole(n, () => `${place()}: a part`, size));
    const [start, length, step, times] = numbers;
    const inside = numbers.length === 4 && (times === 0 || start + (times - 1) * step + length <= size);
    need(inside, () => `${place()}: a part`, `within ${size} elements`, numbers.join(", "));
  }
}

interface ProgramContext extends FileContext {
  readonly inputs: ReadonlyMap<string, TensorType>;
  readonly states: readonly (readonly string[])[];
  /** Those of them that a plan uses. */
  readonly used: Set<readonly string[]>;
}

/** A buffer as far as a file may use it, rounded up as all buffers are. Two with one key are one. */
interface Room {
  readonly key: string;
  readonly bytes: number;
  /** What is as long as it says; tensors of several sizes may share the others. */
  readonly exact: boolean;
  /** What lies in it, where that is more than one thing: variables one after another. */
  readonly parts?: readonly (readonly [offset: number, bytes: number])[];
}

const rounded = (bytes: number): number => Math.max(16, align(bytes, 16));

/** Whether a part of a buffer is one that programs bind. */
const isPlace = ({ bytes: most, exact, parts = [] }: Room, offset: number, bytes: number): boolean =>
  (offset === 0 && (!exact || rounded(bytes) === most)) || parts.some(([begin, length]) => begin === offset && length === bytes);

function plan(value: unknown, place: Place, context: ProgramContext, results: readonly TensorType[]): void {
  const { buffers, dispatches, outputs, counted, subgroups, checks = [] } = part(value, place);
  need(typeof counted === "boolean", () => `${place()}: counted`, "true or false", counted);
  if (subgroups !== undefined) whole(subgroups, () => `${place()}: subgroups`, 128, 1);
  for (const [i, one] of list(checks, () => `${place()}: checks`).entries())
    type(range(one, () => `${place()}: check ${i}`).type, () => `${place()}: check ${i}`);
  const rooms = list(buffers, () => `${place()}: buffers`).map((one, i) => room(one, i, () => `${place()}: buffer ${i}`, context));
  const locate = (one: unknown, at: Place): Located => {
    const numbers = list(one, at);
    need(numbers.length === 3, at, "a buffer, an offset and bytes", one);
    const room = rooms[whole(numbers[0], () => `${at()}: its buffer`, rooms.length - 1)];
    const offset = whole(numbers[1], () => `${at()}: its offset`, room.bytes);
    const bytes = whole(numbers[2], () => `${at()}: its bytes`, room.bytes - offset);
    if (!isPlace(room, offset, bytes)) need(false, at, "a tensor, a variable or all of a segment", `${bytes} bytes at ${offset}`);
    return { key: room.key, offset, bytes };
  };
  for (const [i, one] of list(dispatches, () => `${place()}: dispatches`).entries()) {
    const at = () => `${place()}: dispatch ${i}`;
    const { kernel: number, at: bound, params, workgroups } = part(one, at);
    const { bindings, params: needed = {} } = context.kernels[whole(number, () => `${at()}: its kernel`, context.kernels.length - 1)];
    const accesses = Object.entries(bindings as Readonly<Record<string, { readonly access: string }>>);
    const places = list(bound, () => `${at()}: its places`).map((location, j) => locate(location, () => `${at()}, place ${j}`));
    need(
      places.every(({ offset }) => offset % ENTRY_ALIGNMENT === 0),
      () => `${at()}: its places`,
      `at multiples of ${ENTRY_ALIGNMENT}`,
      bound,
    );
    need(places.length === accesses.length, () => `${at()}: its places`, `what its kernel binds: ${accesses.length}`, places.length);
    for (const [j, a] of places.entries())
      for (const [k, b] of places.slice(0, j).entries()) {
        const reads = [accesses[j], accesses[k]].filter(([, { access }]) => access === "read").length;
        // WebGPU wants what is written nowhere else in a dispatch
        const apart = a.key !== b.key || reads === 2 || (reads === 0 && (endOf(a) <= b.offset || endOf(b) <= a.offset));
        need(apart, () => `${at()}, place ${j}`, `apart from place ${k}, as one of them is written`, a.offset);
      }
    const given = part(params, () => `${at()}: params`);
    for (const [name, kind] of Object.entries(needed)) {
      const number = Object.hasOwn(given, name) ? given[name] : undefined;
      const param = () => `${at()}: param ${quote(name)}`;
      if (kind === "f32") need(isNumber(number), param, "a number", number);
      else if (kind === "i32") whole(number === "-0" ? 0 : number, param, 2 ** 31 - 1, -(2 ** 31));
      else if (number !== PROGRAM_ID) whole(number === "-0" ? 0 : number, param, 2 ** 32 - 1);
    }
    const counts = list(workgroups, () => `${at()}: workgroups`);
    need(counts.length === 3, () => `${at()}: workgroups`, "three numbers", counts.length);
    for (const n of counts) whole(n, () => `${at()}: workgroups`, MOST_WORKGROUPS);
  }
  const read = list(outputs, () => `${place()}: outputs`);
  need(read.length === results.length, () => `${place()}: outputs`, `as many places as outputs, ${results.length}`, read.length);
  for (const [i, result] of results.entries()) {
    const { bytes } = locate(read[i], () => `${place()}: output ${i}`);
    need(bytes === byteLength(result), () => `${place()}: output ${i}: its bytes`, `${byteLength(result)}, as its type has`, bytes);
  }
}

interface Located {
  readonly key: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Where the binding of a place ends. */
const endOf = ({ offset, bytes }: Located): number => offset + rounded(bytes);

function room(value: unknown, number: number, place: Place, { segments, inputs, states, used }: ProgramContext): Room {
  const buffer = part(value, place);
  const has = (name: string) => Object.hasOwn(buffer, name);
  const made = (key: string, bytes: number, exact = true): Room => ({ key, bytes: rounded(bytes), exact });
  if (has("bytes"))
    return made(
      `own ${number}`,
      whole(buffer.bytes, () => `${place()}: bytes`, MOST_BYTES),
      false,
    );
  if (has("data"))
    return made(
      `own ${number}`,
      whole(
        base64Bytes(buffer.data, () => `${place()}: data`),
        () => `${place()}: data: its bytes`,
        MOST_BYTES,
        1,
      ),
    );
  if (has("input")) {
    const found = inputs.get(buffer.input as string);
    need(found, () => `${place()}: input`, "an input of the program", buffer.input);
    return made(`input ${buffer.input}`, byteLength(found));
  }
  if (has("engine")) {
    oneOf(buffer.engine, () => `${place()}: engine`, ["counter", "status"]);
    return made(`engine ${buffer.engine}`, buffer.engine === "counter" ? 4 : STATUS_BYTES);
  }
  if (has("control")) {
    const { control, optimizer } = buffer;
    const declared = states.filter(([name, by, state]) => name === control && by === optimizer && state === "step");
    for (const state of declared) used.add(state);
    need(declared.length > 0, () => `${place()}: control`, "of a variable and an optimizer among the states of the program", control);
    return { ...made(JSON.stringify([control, optimizer]), 4 * CONTROL.WORDS), parts: [[4 * CONTROL.NORM, 4]] };
  }
  const members = segments[whole(buffer.segment, () => `${place()}: segment`, segments.length - 1)];
  const { mirror } = buffer;
  const kept = states.filter(([of, by, state]) => `${by}.${state}` === mirror && members.some(({ name }) => name === of));
  for (const state of kept) used.add(state);
  need(
    mirror === undefined || mirror === "gradient" || kept.length > 0,
    () => `${place()}: mirror`,
    "gradient, or a state of its variables",
    mirror,
  );
  return {
    ...made(`segment ${buffer.segment} ${mirror ?? ""}`, segmentBytes(members)),
    parts: members.map((member) => [member.offset, byteLength(member)]),
  };
}
