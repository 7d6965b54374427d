// README
  import { benchmark, kernel, read, write } from "unroll-gpu/bench";
  const wgsl = (size: number) => `@group(0) @binding(0) var<storage, read> x: array<f32>;
  @group(0) @binding(1) var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(${size}) fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x] * x[id.x]; }`;
  const square = (size: number) => kernel({
    name: `square ${size}`, wgsl: wgsl(size), bindings: { x: read("f32"), y: write("f32") },
    workgroups: ({ lengths }) => [lengths.y / size, 1, 1], cost: ({ lengths }) => ({ flops: lengths.y, bytes: 8 * lengths.y }),
    reference: ({ x, y }) => x.forEach((value, i) => { y[i] = value * value; }),
  });
  export const squares = benchmark({ name: "square", kernels: [square(32), square(256)], sizes: [{ buffers: { x: 1 << 20, y: 1 << 20 } }] });
  // end
