import {
  compile,
  createImageReader,
  createImageWriter,
  decodeSafetensors,
  Engine,
  encodeSafetensors,
  input,
  kernel,
  load,
  mul,
  read,
  runKernel,
  save,
  variable,
  write,
} from "../../../src/index.ts";

type Window_ = Window & typeof globalThis;
type Resizable = new (bytes: number, options: { readonly maxByteLength: number }) => ArrayBuffer;

/** A window whose classes are not those of this one. */
async function frame(): Promise<{ readonly other: Window_; remove(): void }> {
  const element = document.createElement("iframe");
  document.body.append(element);
  return { other: element.contentWindow as Window_, remove: () => element.remove() };
}

/** What a program makes of arrays of all kinds: each gives the same. */
export async function arrays(): Promise<Record<string, number[]>> {
  const { other, remove } = await frame();
  const engine = await Engine.create();
  try {
    class Mine extends Float32Array {}
    const of = (buffer: ArrayBufferLike): Float32Array => {
      const data = new Float32Array(buffer);
      data.set([1, 2, 3]);
      return data;
    };
    const kinds: Record<string, Float32Array> = {
      own: of(new ArrayBuffer(12)),
      frame: new other.Float32Array([1, 2, 3]) as Float32Array,
      subclass: Mine.of(1, 2, 3),
      shared: of(new SharedArrayBuffer(12)),
      resizable: of(new (ArrayBuffer as unknown as Resizable)(12, { maxByteLength: 64 })),
      growable: of(new (SharedArrayBuffer as unknown as Resizable)(12, { maxByteLength: 64 })),
    };
    const [x, w] = [input([3]), variable("w", [3])];
    const program = await compile(engine, { inputs: { x }, outputs: { y: mul(x, w) } });
    const doubled = kernel({
      name: "doubled",
      wgsl: `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) { if (id.x < 3u) { y[id.x] = 2.0 * x[id.x]; } }`,
      bindings: { x: read("f32"), y: write("f32") },
      workgroups: () => [1, 1, 1],
    });
    const writer = await createImageWriter(engine, { shape: [1, 3], range: [0, 3] });
    const found: Record<string, number[]> = {};
    for (const [kind, data] of Object.entries(kinds)) {
      engine.write(w, data);
      const { y } = await program.run({ x: data }, { read: ["y"] });
      await load(engine, { w: { dtype: "f32", shape: [3], data } });
      const saved = (await save(engine)).w.data;
      const own = (await runKernel(engine, doubled, { buffers: { x: data, y: 3 } })).y as Float32Array;
      const { data: pixels } = await writer.pixels(data);
      found[kind] = [...y, ...saved, ...own, ...Array.from(pixels).filter((_, i) => i % 4 === 0)];
    }
    return found;
  } finally {
    engine.dispose();
    remove();
  }
}

/** Files in memory that a decoder of text refuses. */
export async function files(): Promise<Record<string, number[]>> {
  const file = encodeSafetensors({ a: { dtype: "f32", shape: [2], data: Float32Array.of(1, 2) } });
  const { other, remove } = await frame();
  const over = (buffer: ArrayBufferLike): Uint8Array => {
    const bytes = new Uint8Array(buffer);
    bytes.set(file);
    return bytes;
  };
  const kinds: Record<string, Uint8Array | ArrayBufferLike> = {
    frame: new other.Uint8Array(file) as Uint8Array,
    frameBuffer: (new other.Uint8Array(file) as Uint8Array).buffer,
    shared: over(new SharedArrayBuffer(file.length)),
    sharedBuffer: over(new SharedArrayBuffer(file.length)).buffer,
    resizable: over(new (ArrayBuffer as unknown as Resizable)(file.length, { maxByteLength: 4096 })),
  };
  remove();
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, bytes]) => [kind, [...(decodeSafetensors(bytes as Uint8Array).arrays.a.data as Float32Array)]]),
  );
}

/** A device and its buffers from a frame, with options made there. */
export async function device(): Promise<number[]> {
  const { other, remove } = await frame();
  const adapter = await other.navigator.gpu.requestAdapter();
  const own = (await adapter?.requestDevice()) as GPUDevice;
  const options = new other.Function("device", "return { device }")(own) as { device: GPUDevice };
  const engine = await Engine.create(options);
  try {
    const x = input([3]);
    const program = await compile(engine, { inputs: { x }, outputs: { y: mul(x, x) } });
    const buffer = own.createBuffer({ size: 16, usage: 4 | 8 });
    if (buffer instanceof GPUBuffer) throw new Error("the frame's buffer is one of this window");
    own.queue.writeBuffer(buffer, 0, new other.Float32Array([2, 3, 4]));
    const { y } = await program.run({ x: buffer }, { read: ["y"] });
    return Array.from(y as Float32Array);
  } finally {
    engine.dispose();
    own.destroy();
    remove();
  }
}

/** Images from a frame, and over memory that may grow or is shared. */
export async function images(): Promise<Record<string, number[]>> {
  const { other, remove } = await frame();
  const engine = await Engine.create();
  try {
    const bytes = [0, 0, 0, 255, 255, 255, 255, 255];
    const view = (buffer: ArrayBufferLike): Uint8ClampedArray => {
      const data = new Uint8ClampedArray(buffer);
      data.set(bytes);
      return data;
    };
    const sources: Record<string, unknown> = {
      own: new ImageData(new Uint8ClampedArray(bytes), 2, 1),
      frame: new other.ImageData(new other.Uint8ClampedArray(bytes), 2, 1),
      plain: new other.Function("bytes", "return { data: new Uint8ClampedArray(bytes), width: 2, height: 1 }")(bytes),
      shared: { data: view(new SharedArrayBuffer(8)), width: 2, height: 1 },
      resizable: { data: view(new (ArrayBuffer as unknown as Resizable)(8, { maxByteLength: 64 })), width: 2, height: 1 },
    };
    const reader = await createImageReader(engine, { size: [1, 2], channels: 1 });
    const x = input([1, 1, 2, 1]);
    const program = await compile(engine, { inputs: { x }, outputs: { y: mul(x, 2) } });
    const found: Record<string, number[]> = {};
    for (const [kind, source] of Object.entries(sources)) {
      reader.read(source as ImageData);
      found[kind] = [...(await program.run({ x: reader.values as GPUBuffer }, { read: ["y"] })).y];
    }
    return found;
  } finally {
    engine.dispose();
    remove();
  }
}
