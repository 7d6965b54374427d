/*
 * Damages files at one place after the other: what comes of it is told by the tests.
 */
import { Engine, UnrollError } from "../../src/index.ts";
import { strictDevice } from "./strict-device.ts";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Path = readonly (string | number)[];

/** All places of a file, each of what comes more than a few times in a list left to chance. */
export function placesOf(value: Json, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const parts = Array.isArray(value) ? value.map((one, i): [number, Json] => [i, one]) : Object.entries(value);
  return [path, ...parts.flatMap(([name, one]) => placesOf(one, [...path, name]))];
}

export const at = (file: Json, path: Path): Json => path.reduce<Json>((value, name) => (value as Record<string, Json>)[name], file);

/** The same file with another value at a place; without one, the place is left out. */
export function damaged(file: Json, path: Path, value: Json | undefined): Json {
  const [name, ...rest] = path;
  const holder = file as Record<string, Json>;
  const next = rest.length > 0 ? damaged(holder[name], rest, value) : value;
  if (Array.isArray(file)) return file.flatMap((one, i) => (i !== name ? [one] : next === undefined ? [] : [next]));
  if (!Object.hasOwn(holder, name) && next !== undefined) return Object.fromEntries([...Object.entries(holder), [name, next]]);
  return Object.fromEntries(
    Object.entries(holder).flatMap(([key, one]) => (key === name ? (next === undefined ? [] : [[key, next]]) : [[key, one]])),
  );
}

const HUGE = "n".repeat(100_000);
/** What stands nowhere in a valid file in the place of such a value. */
export function strangersFor(value: Json): (Json | undefined)[] {
  if (typeof value === "number") return [null, undefined, "1", "x", -1, 0.5, 1e99, 2 ** 53, [], {}, true];
  if (typeof value === "string") return [null, undefined, 3, [], {}, "__proto__", "constructor", "", HUGE];
  if (typeof value === "boolean") return [null, undefined, 0, "true", []];
  if (Array.isArray(value)) return [null, undefined, 3, "x", {}, [], [null], { length: 3 }];
  return [null, undefined, 3, "x", [], {}, [{}], { strange: 3 }];
}

/** What may be otherwise and still be a file: by its path, a pattern. */
const FREE: readonly (readonly [path: RegExp, values?: (value: Json | undefined) => boolean])[] = [
  // text for people, code, numbers that kernels compute with, and how often they run
  [/^(kernels,\d+,(name|wgsl)|programs,[^,]+,label|settings,name)$/, (value) => typeof value === "string"],
  [/,dispatches,\d+,params,[^,]+$/, (value) => typeof value === "number"],
  [
    /^(settings,learningRate|segments,\d+,\d+,seed|segments,\d+,\d+,initial,\d+)$/,
    (value) => typeof value === "number" || value === undefined,
  ],
  // a program fewer
  [/^programs,[^,]+$/, (value) => value === undefined],
  [/^programs,[^,]+,plans,[^,]+$/, (value) => value === undefined],
  // no least subgroups, no seed of its own
  [/,subgroups$|,seed$/, (value) => value === undefined],
  // what programs leave unused
  [/,(dispatches|states|outputs)(,\d+)?$/, (value) => value === undefined || (Array.isArray(value) && value.length === 0)],
  [/,mirror$/, (value) => value === undefined],
  // fewer indices that are checked, other bounds and words
  [/,(indices|checks)(,\d+)?$|,parts(,\d+)?$/, (value) => value === undefined || (Array.isArray(value) && value.length === 0)],
  [/,(indices|checks),\d+,(low|high|ignore)$/, (value) => typeof value === "number" || value === undefined],
  [/,(indices|checks),\d+,(op|of)$/, (value) => typeof value === "string"],
  // another name for a variable that nothing else names
  [/^segments,\d+,\d+,name$/, (value) => typeof value === "string"],
];

export const isFree = (path: Path, value: Json | undefined): boolean =>
  FREE.some(([pattern, values]) => pattern.test(path.join()) && (values?.(value) ?? true));

export interface Damages {
  readonly tried: number;
  readonly refused: number;
  /** What was accepted, or refused in another way than it should be. */
  readonly wrong: readonly string[];
  /** What a real device would have told of. */
  readonly violations: readonly string[];
}

/** Loads a file with each kind of damage. @param most places of one kind */
export async function damageAll(file: Json, load: (engine: Engine, file: object) => Promise<unknown>, most: number): Promise<Damages> {
  const { device, violations } = strictDevice();
  await load(await Engine.create({ device, selfTest: false }), file as object);
  let [tried, refused] = [0, 0];
  const wrong: string[] = [];
  const seen = new Map<string, number>();
  for (const path of placesOf(file).slice(1)) {
    const kind = path
      .map((name) => (typeof name === "number" ? "#" : name))
      .join()
      .replace(/(?<=params,|bindings,|inputs,|outputs,)\w+|(?<=programs,)[^,]+/g, "*");
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    if ((seen.get(kind) as number) > most) continue;
    const whole = at(file, path);
    for (const value of strangersFor(whole)) {
      if (JSON.stringify(value) === JSON.stringify(whole)) continue;
      tried++;
      const said = `${path.join()} = ${JSON.stringify(value)?.slice(0, 40)}`;
      const engine = await Engine.create({ device, selfTest: false });
      const error = await load(engine, damaged(file, path, value) as object).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      if (error === undefined) {
        if (!isFree(path, value)) wrong.push(`${said}: accepted`);
        continue;
      }
      refused++;
      const codes = path[0] === "kernels" ? ["format", "shader"] : /,plans,hardware$/.test(path.join()) ? ["format", "limit"] : ["format"];
      if (!(error instanceof UnrollError) || !codes.includes(error.code) || error.message.length > 2500) wrong.push(`${said}: ${error}`);
      if (engine.memory.buffers !== 1) wrong.push(`${said}: leaves ${engine.memory.buffers - 1} buffers behind`);
    }
  }
  return { tried, refused, wrong, violations };
}
