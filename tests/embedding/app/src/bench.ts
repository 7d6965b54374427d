import { type BenchReport, benchmark, kernel, mountReport, read, runBench, write } from "unroll-gpu/bench";

const wgsl = (factor: string) => `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = ${factor} * x[id.x]; }`;

const twice = (name: string, factor: string) =>
  kernel({
    name,
    wgsl: wgsl(factor),
    bindings: { x: read("f32"), y: write("f32") },
    workgroups: ({ lengths }) => [lengths.y / 64, 1, 1],
    cost: ({ lengths }) => ({ flops: lengths.y, bytes: 8 * lengths.y }),
    reference: ({ x, y }) =>
      x.forEach((value, i) => {
        y[i] = 2 * value;
      }),
  });

/** Benchmarks kernels of this app's own on its page, and draws the report there. */
export async function bench() {
  const size = { buffers: { x: 65536, y: 65536 } };
  const kernels = [benchmark({ name: "twice", kernels: [twice("right", "2.0"), twice("wrong", "2.5")], sizes: [size] })];
  const report: BenchReport = await runBench({ kernels, quick: true });
  const element = document.body.appendChild(document.createElement("section"));
  mountReport(element, [report]);
  const drawn = element.shadowRoot?.textContent ?? "";
  element.remove();
  return {
    rows: report.results.map(({ subject, check, gpu }) => [subject, check.ok, (gpu?.median ?? 0) > 0]),
    peak: (report.roofline?.fma.vec4 ?? 0) > 0,
    drawn: ["twice", "right", "wrong", "software, no GPU"].filter((word) => drawn.includes(word)),
  };
}
