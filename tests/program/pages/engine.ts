import { compile, Engine, input, kernel, mul, read, report, runKernel, verifyKernel, write } from "../../../src/index.ts";
import { countCalls, failure, hostDevice, rnnBatch, rnnGraph, trainingSpec, usable } from "./models.ts";

const SIZES = { T: 7, B: 3, I: 5, H: 17, O: 3 };

export async function lifecycle() {
  const counts: number[] = [];
  for (let i = 0; i < 3; i++) {
    const engine = await Engine.create();
    const program = await compile(engine, trainingSpec(rnnGraph(SIZES)));
    await program.run(rnnBatch(SIZES), { read: ["loss"] });
    counts.push(engine.memory.buffers);
    program.dispose();
    counts.push(engine.memory.buffers);
    engine.dispose();
    counts.push(engine.memory.buffers);
  }
  return counts;
}

export async function hostsDevice() {
  const device = await hostDevice();
  let lost = false;
  void device.lost.then(() => {
    lost = true;
  });
  for (let i = 0; i < 2; i++) {
    using engine = await Engine.create({ device });
    using program = await compile(engine, trainingSpec(rnnGraph(SIZES)));
    await program.run(rnnBatch(SIZES), { read: ["loss"] });
  }
  await device.queue.onSubmittedWorkDone();
  // The host goes on using its device.
  const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  device.queue.writeBuffer(buffer, 0, Uint32Array.of(7));
  await buffer.mapAsync(GPUMapMode.READ);
  const value = new Uint32Array(buffer.getMappedRange())[0];
  return { value, lost };
}

export async function deviceLoss() {
  const device = await hostDevice();
  const engine = await Engine.create({ device });
  const program = await compile(engine, trainingSpec(rnnGraph(SIZES)));
  const pending = failure(() => program.run(rnnBatch(SIZES), { read: ["loss"] }));
  device.destroy();
  const inFlight = await pending;
  const reason = await engine.lost;
  const later = await failure(() => program.run(rnnBatch(SIZES)));
  return {
    inFlight,
    reason: reason.code,
    later,
    usable: usable(engine),
    compile: await failure(() => compile(engine, trainingSpec(rnnGraph(SIZES)))),
  };
}

export async function disposeInFlight() {
  const engine = await Engine.create();
  const program = await compile(engine, trainingSpec(rnnGraph(SIZES)));
  const pending = failure(() => program.run(rnnBatch(SIZES), { read: ["loss"] }));
  engine.dispose();
  return { inFlight: await pending, reason: (await engine.lost).code, later: await failure(() => program.run(rnnBatch(SIZES))) };
}

/** What a run makes, and what a new batch size compiles. */
export async function frugality() {
  const device = await hostDevice();
  const engine = await Engine.create({ device });
  const sizes = { T: 32, B: 32, I: 8, H: 16, O: 4 };
  const program = await compile(engine, trainingSpec(rnnGraph(sizes)));
  const batch = rnnBatch(sizes);
  await program.run(batch, { read: ["loss"] });
  const silent = await countCalls(device, () => program.run(batch));
  const reading = await countCalls(device, () => program.run(batch, { read: ["loss", "norm"] }));
  const before = engine.pipelinesCreated;
  const other = { ...sizes, B: 24 };
  const second = await compile(engine, trainingSpec(rnnGraph(other)));
  await second.run(rnnBatch(other), { read: ["loss"] });
  return {
    silent,
    reading,
    newPipelines: engine.pipelinesCreated - before,
    variants: [program, second].map((p) => report(p).dispatches.map((d) => `${d.kernel}/${d.variant}`)),
  };
}

export async function backPressure() {
  const engine = await Engine.create();
  const program = await compile(engine, trainingSpec(rnnGraph({ ...SIZES, T: 65, H: 65 })));
  const batch = rnnBatch({ ...SIZES, T: 65 });
  let settled = 0;
  const runs = Array.from({ length: 8 }, () =>
    program.run(batch).then(() => {
      settled++;
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 0));
  const atOnce = settled;
  await Promise.all(runs);
  return { atOnce, settled, counter: program.counter };
}

export async function buffersIn() {
  const device = await hostDevice();
  const engine = await Engine.create({ device });
  const x = input([5]);
  const program = await compile(engine, { inputs: { x }, outputs: { y: mul(x, 2) } });
  const buffer = device.createBuffer({ size: 20, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(buffer, 0, Float32Array.of(1, 2, 3, 4, 5));
  return Array.from((await program.run({ x: buffer }, { read: ["y"] })).y);
}

const doubling = (wgsl: string) =>
  kernel({
    name: "double",
    wgsl,
    bindings: { x: read("f32"), y: write("f32") },
    params: { size: "u32" },
    workgroups: ({ params }) => [Math.ceil(params.size / 64), 1, 1],
    cost: ({ params }) => ({ flops: params.size, bytes: 8 * params.size }),
    reference({ x, y }) {
      for (let i = 0; i < x.length; i++) y[i] = 2 * x[i];
    },
  });

const DOUBLE = `
struct Params { size: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.size) { y[id.x] = 2.0 * x[id.x]; }
}`;

export async function kernels() {
  const engine = await Engine.create();
  const x = Float32Array.from({ length: 130 }, (_, i) => i - 60);
  const call = { buffers: { x, y: 130 }, params: { size: 130 } };
  const { y } = await runKernel(engine, doubling(DOUBLE), call);
  const onReference = await runKernel(await Engine.create({ reference: true }), doubling(DOUBLE), call);
  return {
    right: y.every((value, i) => value === 2 * x[i]) && onReference.y.every((value, i) => value === y[i]),
    proof: await verifyKernel(engine, doubling(DOUBLE), call),
    wrong: await verifyKernel(engine, doubling(DOUBLE.replace("2.0", "2.001")), call),
    syntax: await failure(() => runKernel(engine, doubling(DOUBLE.replace("2.0 *", "2.0 *** nonsense")), call)),
    binding: await failure(() =>
      runKernel(engine, doubling(DOUBLE.replace("read_write> y", "read_write> z").replace("y[id", "z[id")), call),
    ),
    access: await failure(() => runKernel(engine, doubling(DOUBLE.replace("read> x", "read_write> x")), call)),
    missing: await failure(() => runKernel(engine, doubling(DOUBLE), { buffers: { x } as never, params: { size: 130 } })),
    dtype: await failure(() =>
      runKernel(engine, doubling(DOUBLE), { buffers: { x: Int32Array.of(1) as never, y: 1 }, params: { size: 1 } }),
    ),
    param: await failure(() => runKernel(engine, doubling(DOUBLE), { buffers: { x, y: 130 }, params: {} as never })),
    buffers: engine.memory.buffers,
  };
}

/** Adapters that fail one part of the self-test each: the reasons with which their engines end. */
export async function wrongSelfTests() {
  const faults = {
    gradients: ["state[t * 16u + i] = v *", "state[t * 16u + i] = 0.0 * v *"],
    update: ["- 0.5 * g", "- 0.0 * g"],
    chosen: ["bitcast<u32>(n), is_nan", "bitcast<u32>(n), false"],
    summed: ["let v = addend +", "let v = clamp(addend, -2.5, 2.5) +"],
  } as const;
  const reasons: Record<string, unknown> = {};
  for (const [what, [right, wrong]] of Object.entries(faults)) {
    const device = await hostDevice();
    const create = device.createShaderModule.bind(device);
    device.createShaderModule = (descriptor) => create({ ...descriptor, code: descriptor.code.replace(right, wrong) });
    const engine = await Engine.create({ device });
    const { code, message } = await engine.lost;
    reasons[what] = { code, message };
    device.destroy();
  }
  return reasons;
}

/** An adapter that computes wrong values: here, shaders that are changed on their way. */
export async function wrongAdapter() {
  const device = await hostDevice();
  const create = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) => create({ ...descriptor, code: descriptor.code.replace("* 3u + 1u", "* 3u + 2u") });
  // The self-test ends long after everything else is compiled.
  const compilePipeline = device.createComputePipelineAsync.bind(device);
  device.createComputePipelineAsync = async (descriptor) => {
    const pipeline = await compilePipeline(descriptor);
    if (descriptor.label === "self-test") await new Promise((resolve) => setTimeout(resolve, 4000));
    return pipeline;
  };
  const engine = await Engine.create({ device });
  const first = await failure(() => compile(engine, trainingSpec(rnnGraph(SIZES))));
  const reason = await engine.lost;
  return {
    first,
    reason: reason.code,
    later: await failure(() => compile(engine, trainingSpec(rnnGraph(SIZES)))),
    buffers: engine.memory.buffers,
  };
}
