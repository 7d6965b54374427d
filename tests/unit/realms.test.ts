import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { describe, expect, test } from "vitest";
import { checkOptions } from "../../src/errors.ts";
import { isBufferOfBytes, isPlainObject, typedArrayName } from "../../src/host.ts";
import {
  compile,
  createTrainer,
  crossEntropy,
  decodeSafetensors,
  dense,
  Engine,
  embedding,
  encodeSafetensors,
  evaluate,
  input,
  kernel,
  load,
  mul,
  type NamedArray,
  read,
  runKernel,
  save,
  sequential,
  sgd,
  variable,
  write,
} from "../../src/index.ts";
import { openSource } from "../../src/io/image/source.ts";

/** Another realm, as a window in a frame is: its classes are not those of this script. */
const elsewhere = vm.createContext({});
const there = <T>(code: string): T => vm.runInContext(`(${code})`, elsewhere) as T;

class Mine extends Float32Array {}

const strangers: readonly (readonly [string, () => Float32Array])[] = [
  ["of another realm", () => there("new Float32Array([1, 2, 3])")],
  ["of a subclass", () => Mine.from([1, 2, 3])],
  [
    "over shared memory as it is",
    () => {
      const data = new Float32Array(new SharedArrayBuffer(12));
      data.set([1, 2, 3]);
      return data;
    },
  ],
  [
    "over memory that may grow",
    () => {
      const data = new Float32Array(new (ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer)(12, { maxByteLength: 64 }));
      data.set([1, 2, 3]);
      return data;
    },
  ],
];

const detached = (): Float32Array => {
  const data = Float32Array.of(1, 2, 3);
  structuredClone(data, { transfer: [data.buffer] });
  return data;
};

describe.each(strangers)("an array %s", (_, make) => {
  test("is an input, a variable's values, a kernel's and a checkpoint's", async () => {
    const engine = await Engine.create({ reference: true });
    const [x, w] = [input([3]), variable("w", [3])];
    const program = await compile(engine, { inputs: { x }, outputs: { y: mul(x, w) } });
    engine.write(w, make());
    expect(await program.run({ x: make() }, { read: ["y"] })).toEqual({ y: Float32Array.of(1, 4, 9) });
    const arrays = { w: { dtype: "f32", shape: [3], data: make() } as NamedArray };
    engine.write(w, Float32Array.of(0, 0, 0));
    await load(engine, arrays);
    expect(await engine.read(w)).toEqual(Float32Array.of(1, 2, 3));
    const doubled = kernel({
      name: "doubled",
      wgsl: "",
      bindings: { x: read("f32"), y: write("f32") },
      reference: ({ x: from, y: to }) =>
        from.forEach((value, i) => {
          to[i] = 2 * value;
        }),
      workgroups: () => [1, 1, 1],
    });
    expect((await runKernel(engine, doubled, { buffers: { x: make(), y: 3 } })).y).toEqual(Float32Array.of(2, 4, 6));
    expect(decodeSafetensors(encodeSafetensors(arrays)).arrays.w.data).toEqual(Float32Array.of(1, 2, 3));
    expect(evaluate([mul(x, x)], new Map([[x, make()]]))[0]).toEqual(Float64Array.of(1, 4, 9));
  });
});

test("tokens and labels, options, checkpoints and maps of another realm are taken as those of this one", async () => {
  const engine = await Engine.create(there("{ reference: true, seed: 3 }"));
  const options = { input: [2], batch: 3, loss: crossEntropy(), optimizer: sgd({ learningRate: 0.1 }) };
  const trainer = await createTrainer(engine, sequential(embedding({ vocabulary: 5, units: 3 }), dense({ units: 4 })), options);
  const step = await trainer.step(
    there<Int32Array>("new Int32Array([0, 1, 2, 3, 4, 0])"),
    there<Uint32Array>("new Uint32Array([0, 1, 2, 3, 1, 1])"),
    there<{ read: true }>("{ read: true }"),
  );
  expect(step.loss).toBeGreaterThan(0);
  const saved = await trainer.save();
  const again = vm.runInContext(
    "(arrays) => Object.fromEntries(Object.entries(arrays).map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: data.constructor.name === 'Uint32Array' ? new Uint32Array(data) : new Float32Array(data) }]))",
    elsewhere,
  ) as (arrays: unknown) => typeof saved;
  await trainer.load(again(saved));
  expect(await save(engine)).toMatchObject(Object.fromEntries(Object.entries(saved).filter(([name]) => name !== "trainer/runs")));
  const x = input([2]);
  const feeds = vm.runInContext("(x) => new Map([[x, new Float64Array([2, 3])]])", elsewhere)(x) as Map<typeof x, Float64Array>;
  expect(evaluate([mul(x, x)], feeds)[0]).toEqual(Float64Array.of(4, 9));
});

test("pixels and files of another realm, and Node's Buffer, are what they are", () => {
  const pixels = there<ImageData>("{ data: new Uint8ClampedArray(16), width: 2, height: 2 }");
  expect(openSource("read", pixels).seen).toMatchObject({ kind: "pixels", width: 2, height: 2 });
  const file = encodeSafetensors({ a: { dtype: "f32", shape: [2], data: Float32Array.of(1, 2) } });
  const copied = vm.runInContext("(bytes) => new Uint8Array(bytes)", elsewhere)(file) as { readonly buffer: unknown };
  expect(copied instanceof Uint8Array || copied.buffer instanceof ArrayBuffer).toBe(false);
  const shared = new Uint8Array(new SharedArrayBuffer(file.length));
  shared.set(file);
  for (const given of [copied, copied.buffer, Buffer.from(file), shared, shared.buffer]) {
    const { a } = decodeSafetensors(given as Uint8Array).arrays;
    expect(a).toEqual({ dtype: "f32", shape: [2], data: Float32Array.of(1, 2) });
    expect(a.data instanceof Float32Array && a.data.buffer instanceof ArrayBuffer).toBe(true);
  }
});

test("an array whose memory was transferred is refused by that reason", async () => {
  const engine = await Engine.create({ reference: true });
  const [x, w] = [input([3]), variable("w", [3])];
  const program = await compile(engine, { inputs: { x }, outputs: { y: mul(x, w) } });
  const refused = { code: "argument", message: expect.stringMatching(/has no memory any more: its buffer was transferred; give a copy$/) };
  await expect(program.run({ x: detached() })).rejects.toMatchObject(refused);
  expect(() => engine.write(w, detached())).toThrow(expect.objectContaining(refused));
  await expect(load(engine, { w: { dtype: "f32", shape: [0], data: detached() } })).rejects.toMatchObject(refused);
  expect(() => encodeSafetensors({ w: { dtype: "f32", shape: [0], data: detached() } })).toThrow(expect.objectContaining(refused));
  const bytes = new Uint8Array(16);
  const { buffer } = bytes;
  structuredClone(bytes, { transfer: [buffer] });
  for (const gone of [bytes, buffer]) expect(() => decodeSafetensors(gone)).toThrow(expect.objectContaining(refused));
  expect(() => openSource("read", { data: bytes as never, width: 2, height: 2 })).toThrow(expect.objectContaining(refused));
});

test("nothing else pretends to be one", () => {
  const fake = { [Symbol.toStringTag]: "Float32Array", length: 3, byteLength: 12, buffer: new ArrayBuffer(12) };
  for (const value of [fake, [1, 2, 3], new DataView(new ArrayBuffer(4)), null, undefined, 3, "x", Float32Array, Float32Array.prototype])
    expect(typedArrayName(value)).toBeUndefined();
  expect(typedArrayName(Buffer.from("x"))).toBe("Uint8Array");
  expect(typedArrayName(Object.defineProperty(new Int8Array(1), "constructor", { value: Float32Array }))).toBe("Int8Array");
  for (const value of [fake, { [Symbol.toStringTag]: "ArrayBuffer" }, new Uint8Array(1), null, undefined, 4])
    expect(isBufferOfBytes(value)).toBe(false);
  for (const value of [new ArrayBuffer(0), new SharedArrayBuffer(4), there("new ArrayBuffer(2)")])
    expect(isBufferOfBytes(value)).toBe(true);
});

test("an instance of a class is no options, whichever realm it comes from", () => {
  class Options {}
  const odd = [
    new Options(),
    there("new (class Options {})()"),
    there("new Map()"),
    there("[1]"),
    new Float32Array(1),
    null,
    3,
    "x",
    () => {},
    Object.create({ batch: 3 }),
  ];
  for (const value of odd) {
    expect(isPlainObject(value)).toBe(false);
    expect(() => checkOptions("call", value, ["batch"])).toThrow(/options must be an object/);
  }
  for (const value of [{}, Object.create(null), there("{ batch: 3 }"), there("Object.create(null)"), Object.freeze({ batch: 1 })]) {
    expect(isPlainObject(value)).toBe(true);
    checkOptions("call", value, ["batch"]);
  }
});

test("no check asks for a class of this realm", () => {
  const src = fileURLToPath(new URL("../../src", import.meta.url));
  const classes =
    /instanceof (?:\w+Array|ArrayBuffer|SharedArrayBuffer|DataView|GPU\w+|Map|Set|RegExp|Date|Object|DOMException|\w*Element|ShadowRoot)\b|\.constructor [!=]==/g;
  const wrong = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== "host.ts" && !/^(cli|build)\b/.test(file))
    .flatMap((file) => (readFileSync(join(src, file), "utf8").match(classes) ?? []).map((found) => `${file}: ${found}`));
  expect(wrong).toEqual([]);
});
