import { gridLibrary } from "../../../shaders/lib/grid.wgsl.ts";
import { median } from "../../../src/bench/statistics.ts";
import { timeGpu } from "../../../src/bench/timing.ts";
import { USAGE } from "../../../src/gpu/gpu.ts";
import { type PlacedDispatch, Recording } from "../../../src/gpu/recorder.ts";
import { kernel, read, write } from "../../../src/graph/kernel.ts";
import { type F32, input } from "../../../src/graph/tensor.ts";
import { foldGrid } from "../../../src/ops/grid.ts";
import { mul } from "../../../src/ops/pointwise/arithmetic.ts";
import { averagePool2d, maxPool2d } from "../../../src/ops/pool/index.ts";
import { sum } from "../../../src/ops/reduce/sums.ts";
import { compile } from "../../../src/program/compile.ts";
import { Engine, type GpuParts, gpuPartsOf } from "../../../src/program/engine.ts";
import type { GpuProgram } from "../../../src/program/gpu-program.ts";
import { gradient } from "../../../src/program/gradient.ts";

export interface PoolSpeed {
  readonly name: string;
  readonly ms: number;
  /** Of the bandwidth of copying as many bytes, measured right before; the median over rounds. */
  readonly share: number;
  readonly gigabytes: number;
}

/** A copy that is as fast as a kernel can be here: vec4, several for each invocation (the engine's own, by words, is slower). */
const PER_INVOCATION = 4;
const copyKernel = kernel({
  name: "copy by vec4",
  wgsl: `
struct Params { size: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;
${gridLibrary}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) count: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = linear_workgroup(id, count) * ${64 * PER_INVOCATION}u + lane;
  ${Array.from({ length: PER_INVOCATION }, (_, k) => `if (i + ${64 * k}u < params.size) { y[i + ${64 * k}u] = x[i + ${64 * k}u]; }`).join("\n  ")}
}`,
  bindings: { x: read("f32"), y: write("f32") },
  params: { size: "u32" },
});

const SHAPE = [8, 56, 56, 64] as const;

/** Max and average pooling of 2×2 on 8×56×56×64, forward and backward, each measured in turn with a copy of as many bytes. */
export async function poolSpeed(rounds: number): Promise<PoolSpeed[]> {
  const engine = await Engine.create({});
  const { gpu } = gpuPartsOf(engine) as GpuParts;
  try {
    const x = input(SHAPE);
    const weight = input([8, 28, 28, 64]);
    const subjects: { name: string; dispatch: PlacedDispatch; bytes: number }[] = [];
    for (const [name, pool] of [
      ["max", maxPool2d],
      ["average", averagePool2d],
    ] as const) {
      const y = pool(x, { size: 2 });
      const dx = gradient(sum(mul(y, weight)), [x]).of(x as F32);
      const program = (await compile(engine, { inputs: { x, weight }, outputs: { y, dx } })) as unknown as GpuProgram;
      let at = 0;
      for (const { node, lowering } of program.plan.nodes) {
        if (/Pool|Unpool/.test(node.op.name))
          subjects.push({
            name: `${name} ${subjects.length % 2 === 0 ? "forward" : "backward"}`,
            dispatch: program.placed[at],
            bytes: node.op.cost(node).bytes,
          });
        at += lowering.dispatches.length;
      }
    }
    const times = subjects.map((): number[] => []);
    const shares = subjects.map((): number[] => []);
    const recordings = await Promise.all(subjects.map(({ name, dispatch }) => Recording.create(gpu, name, [dispatch])));
    const copies = await Promise.all(
      subjects.map(async ({ bytes }) => {
        const half = 16 * Math.round(bytes / 32);
        const locations = ["x", "y"].map((label) => ({ buffer: gpu.createBuffer(label, half, USAGE.STORAGE), offset: 0, bytes: half }));
        const workgroups = foldGrid(Math.ceil(half / 16 / 64 / PER_INVOCATION));
        return Recording.create(gpu, "copy", [{ kernel: copyKernel, locations, params: { size: half / 16 }, workgroups }]);
      }),
    );
    const time = async (recording: Recording) => (await timeGpu(gpu, (pass) => recording.encode(pass), { samples: 3, warmUp: 1 })).median;
    for (let round = 0; round < rounds; round++)
      for (const i of subjects.keys()) {
        const copy = await time(copies[i]);
        const ms = await time(recordings[i]);
        times[i].push(ms);
        shares[i].push(copy / ms);
      }
    return subjects.map(({ name, bytes }, i) => ({
      name,
      ms: median(times[i]),
      share: median(shares[i]),
      gigabytes: bytes / median(times[i]) / 1e6,
    }));
  } finally {
    engine.dispose();
  }
}
