import { fmaPeakShader } from "../../../shaders/fma_peak.wgsl.ts";
import { measureClock } from "../../../src/bench/environment.ts";
import { benchmark, kernel, read, readWrite, runBench, write } from "../../../src/bench/index.ts";
import { timeGpu } from "../../../src/bench/timing.ts";
import { kernelBenchSubjects } from "../../../src/bench/user-kernel.ts";
import { UnrollError } from "../../../src/errors.ts";
import { requestDevice } from "../../../src/gpu/device.ts";
import { Gpu, USAGE } from "../../../src/gpu/gpu.ts";
import { Recording } from "../../../src/gpu/recorder.ts";
import { Engine } from "../../../src/program/engine.ts";
import { type GpuParts, gpuPartsOf } from "../../../src/program/parts.ts";

const ROUNDS = 12;

/** How many times as long k times the loop iterations of one kernel take, by the clock that the device has; measured in turn. */
export async function loopRatios(factors: readonly number[], defaultLimits: boolean) {
  const gpu = new Gpu(await requestDevice({ defaultLimits }), true);
  const bytes = 4 * 64; // one workgroup: one processor is enough for it, so that it hardly matters what the others do
  const buffer = gpu.createBuffer("y", bytes, USAGE.STORAGE);
  const recordings = await Promise.all(
    [1, ...factors].map((factor) =>
      Recording.create(gpu, "loop", [
        {
          kernel: kernel({
            name: "loop",
            wgsl: fmaPeakShader(),
            bindings: { y: write("f32") },
            params: { turns: "u32", m: "f32", c: "f32" },
          }),
          locations: [{ buffer, offset: 0, bytes }],
          params: { turns: 4000 * factor, m: 0.5, c: 1 },
          workgroups: [1, 1, 1],
        },
      ]),
    ),
  );
  const times = recordings.map((): number[] => []);
  let clock = "";
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, recording] of recordings.entries()) {
      const timing = await timeGpu(gpu, (pass) => recording.encode(pass), { samples: 3, warmUp: 1 });
      times[i].push(timing.min); // what others take from the machine only ever adds
      clock = timing.clock;
    }
  const grains = await measureClock(gpu);
  const [base, ...others] = times;
  const ratios = others.map((all) => Math.min(...all) / Math.min(...base));
  gpu.dispose();
  return { clock, ratios, grains };
}

const copy = (name: string, value = "x[id.x]") =>
  kernel({
    name,
    wgsl: `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = ${value}; }`,
    bindings: { x: read("f32"), y: write("f32") },
    workgroups: ({ lengths }) => [lengths.y / 64, 1, 1],
    cost: ({ lengths }) => ({ flops: 0, bytes: 8 * lengths.y }),
    reference: ({ x, y }) => y.set(x),
  });

/** A right kernel and a wrong one beside each other, as any page would run them. */
export async function ownKernels() {
  const heard: string[] = [];
  const report = await runBench({
    kernels: [
      benchmark({ name: "copy", kernels: [copy("right"), copy("wrong", "x[id.x] * 1.001")], sizes: [{ buffers: { x: 65536, y: 65536 } }] }),
    ],
    quick: true,
    roofline: false,
    onProgress: ({ name }) => heard.push(name),
  });
  return { report, heard };
}

/** Stops a run as soon as something has been measured. */
export async function stopped() {
  const stop = new AbortController();
  return runBench({
    suites: ["kernels"],
    only: /add|tanh 1024/,
    quick: true,
    roofline: false,
    signal: stop.signal,
    onResult: () => stop.abort(),
  });
}

/** What is bound in successive runs of one kernel: the bind groups by the order in which they were first seen. */
export async function turnsOf(elements: number): Promise<number[]> {
  const engine = await Engine.create();
  const { gpu } = gpuPartsOf(engine) as GpuParts;
  const [subject] = kernelBenchSubjects(benchmark({ kernels: copy("copy"), sizes: [{ buffers: { x: elements, y: elements } }] }));
  const ready = await subject.prepare({ engine, gpu });
  const groups: unknown[] = [];
  const pass = { setPipeline() {}, dispatchWorkgroups() {}, setBindGroup: (_: number, group: unknown) => groups.push(group) };
  for (let turn = 0; turn < 12; turn++) ready.encode(pass as never, turn);
  ready.dispose();
  engine.dispose();
  const seen = [...new Set(groups)];
  return groups.map((group) => seen.indexOf(group));
}

/** How many elements a kernel that works on its own output changes: in two runs after the first restoring, and in two after another. */
export async function inPlace(): Promise<{ first: number[]; later: number[] }> {
  const engine = await Engine.create();
  const { gpu } = gpuPartsOf(engine) as GpuParts;
  const made: GPUBuffer[] = [];
  const create = gpu.createBuffer.bind(gpu);
  gpu.createBuffer = (label, bytes, usage) => {
    const buffer = create(label, bytes, usage);
    if (label === "clear changed") made.push(buffer);
    return buffer;
  };
  const clear = kernel({
    name: "clear",
    wgsl: `
@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> changed: array<atomic<u32>>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (x[id.x] > 0u) { x[id.x] = 0u; atomicAdd(&changed[0], 1u); }
}`,
    bindings: { x: readWrite("u32"), changed: readWrite("u32") },
  });
  const buffers = { x: new Uint32Array(16384).fill(7), changed: new Uint32Array(1) };
  const [subject] = kernelBenchSubjects(benchmark({ kernels: clear, sizes: [{ buffers, workgroups: [256, 1, 1] }] }));
  const ready = await subject.prepare({ engine, gpu });
  const staging = create("staging", 16, USAGE.MAP_READ | USAGE.COPY_DST);
  const changed = async (): Promise<number> => {
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    ready.encode(pass, 0);
    pass.end();
    encoder.copyBufferToBuffer(made[0], 0, staging, 0, 16);
    gpu.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    const [count] = new Uint32Array(staging.getMappedRange().slice(0, 4));
    staging.unmap();
    return count;
  };
  const twice = async (): Promise<number[]> => {
    await ready.once?.restore();
    const first = await changed();
    return [first, (await changed()) - first];
  };
  const result = { first: await twice(), later: await twice() };
  ready.dispose();
  engine.dispose();
  return result;
}

/** Kernels that double in place, and what is found of each. */
export function doubled() {
  const double = (name: string, line: string, more = 0) =>
    kernel({
      name,
      wgsl: `
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { ${line} }`,
      bindings: { x: readWrite("f32") },
      workgroups: ({ lengths }) => [lengths.x / 64 + more, 1, 1],
      reference: ({ x }) => x.set(x.map((value) => 2 * value)),
    });
  const kernels = [
    double("right", "x[id.x] *= 2.0;"),
    double("half", "if (id.x < 512u) { x[id.x] *= 2.0; }"),
    double("beyond", "x[id.x] *= 2.0;", 1),
    double("end", "x[id.x] = 2.0 * x[id.x] + select(0.0, x[1024], id.x == 0u);"),
  ];
  return runBench({ kernels: [benchmark({ name: "double", kernels, sizes: [{ buffers: { x: 1024 } }] })], quick: true, roofline: false });
}

/** How many elements a kernel that clears what it reads finds to do, over a whole run of the bench, and in how many passes of how many runs. */
export async function clearedByBench(): Promise<{ restores: number; repeats: number; sets: number }> {
  const elements = 64;
  const clear = kernel({
    name: "clear",
    wgsl: `
@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] = 0u; }`,
    bindings: { x: readWrite("u32") },
  });
  const finish = GPUCommandEncoder.prototype.finish;
  let restores = 0;
  GPUCommandEncoder.prototype.finish = function (...args) {
    if (this.label === "restore") restores++;
    return finish.apply(this, args);
  };
  try {
    const own = benchmark({ kernels: clear, sizes: [{ buffers: { x: new Uint32Array(elements).fill(7) }, workgroups: [1, 1, 1] }] });
    const { results } = await runBench({ kernels: [own], quick: true, roofline: false });
    return { restores, repeats: results[0].gpu?.repeats ?? 0, sets: 64 };
  } finally {
    GPUCommandEncoder.prototype.finish = finish;
  }
}

/** What this device can never run is not called wrong. */
export async function beyond() {
  const big = 2 ** 33;
  const throwing = { ...copy("throwing"), reference: () => void ([] as { value: number }[])[0].value };
  const report = await runBench({
    kernels: [
      benchmark({ kernels: copy("big"), sizes: [{ buffers: { x: big, y: big } }] }),
      benchmark({ kernels: throwing, sizes: [{ buffers: { x: 64, y: 64 } }] }),
    ],
    quick: true,
    roofline: false,
  });
  return report.results;
}

/** Kernels whose output is as small as a probability of many, and how each of them is found. */
export function smallValues() {
  const small = (name: string, line: string) =>
    kernel({
      name,
      wgsl: `
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { ${line} }`,
      bindings: { y: write("f32") },
      workgroups: ({ lengths }) => [lengths.y / 64, 1, 1],
      reference: ({ y }) => y.fill(1 / 131072),
    });
  const value = "y[id.x] = 1.0 / 131072.0;";
  const kernels = [
    small("right", value),
    small("zeros", "y[id.x] = 0.0;"),
    small("half", `if (id.x < 512u) { ${value} }`),
    small("not a number", "let zero = f32(id.x) * 0.0; y[id.x] = zero / zero;"),
  ];
  return runBench({ kernels: [benchmark({ name: "small", kernels, sizes: [{ buffers: { y: 1024 } }] })], quick: true, roofline: false });
}

/** How rows are called whose sizes differ in params only, and what is said of two kernels of one name. */
export async function names() {
  const counted = kernel({
    ...copy("counted"),
    params: { n: "u32" as const },
    wgsl: copy("c").wgsl.replace("@compute", "struct P { n: u32 }\n@group(0) @binding(2) var<uniform> params: P;\n@compute"),
  });
  const buffers = { x: 64, y: 64 };
  const subjects = kernelBenchSubjects(
    benchmark({
      name: "copy",
      kernels: counted,
      sizes: [
        { buffers, params: { n: 1 } },
        { buffers, params: { n: 2 } },
      ],
    }),
  );
  const one = benchmark({ name: "copy", kernels: copy("right"), sizes: [{ buffers }] });
  const refusal = await runBench({ kernels: [one, one], quick: true, roofline: false }).then(
    () => "none",
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );
  return { names: subjects.map(({ name }) => name), refusal };
}

/** How `runBench` ends when its device is destroyed at mapping number 0, 1, … until one run ends by itself. */
export async function lostAtMapping(most: number): Promise<string[]> {
  const { mapAsync } = GPUBuffer.prototype;
  const { requestDevice: request } = GPUAdapter.prototype;
  let device: GPUDevice | undefined;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    device = await request.apply(this, args);
    return device;
  };
  const ends: string[] = [];
  try {
    for (let at = 0; at < most; at++) {
      let seen = 0;
      GPUBuffer.prototype.mapAsync = function (...args) {
        const mapping = mapAsync.apply(this, args);
        if (seen++ === at) device?.destroy();
        return mapping;
      };
      const small = benchmark({ name: "copy", kernels: [copy("copy")], sizes: [{ buffers: { x: 4096, y: 4096 } }] });
      const end = await runBench({ kernels: [small], quick: true }).then(
        () => "done",
        (error: unknown) => (error instanceof UnrollError ? error.code : `not typed: ${String(error)}`),
      );
      ends.push(end);
      if (end === "done") break;
    }
  } finally {
    GPUBuffer.prototype.mapAsync = mapAsync;
    GPUAdapter.prototype.requestDevice = request;
  }
  return ends;
}
