/*
 * A GPUDevice that computes nothing, as the one in fake-device.ts, but refuses what WebGPU refuses of buffers, bindings and dispatches: what
 * a real device tells as a validation error is noted.
 */
import { fakeDevice } from "./fake-device.ts";

interface Bound {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
  readonly type: string;
}

export function strictDevice(): { readonly device: GPUDevice; readonly violations: string[] } {
  const device = fakeDevice();
  const violations: string[] = [];
  const want = (right: boolean, what: string): void => {
    if (!right) violations.push(what);
  };
  const { limits } = device;
  const made = device.createBuffer.bind(device);
  const groups = new WeakMap<object, readonly Bound[]>();
  const layouts = new WeakMap<object, readonly GPUBindGroupLayoutEntry[]>();
  const encoder = device.createCommandEncoder();
  let group: readonly Bound[] = [];
  const pass = {
    setPipeline() {},
    setBindGroup(_: number, given: object) {
      group = groups.get(given) as readonly Bound[];
    },
    dispatchWorkgroups(...counts: number[]) {
      want(
        counts.every((n) => Number.isInteger(n) && n >= 0 && n <= limits.maxComputeWorkgroupsPerDimension),
        `workgroups ${counts}`,
      );
      for (const [i, a] of group.entries())
        for (const b of group.slice(0, i)) {
          if (a.buffer !== b.buffer) continue;
          const written = [a, b].filter(({ type }) => type === "storage").length;
          want(
            written === 0 || (written === 2 && (a.offset + a.size <= b.offset || b.offset + b.size <= a.offset)),
            `binding ${i} aliases another`,
          );
        }
    },
    end() {},
  };
  Object.assign(device, {
    createBuffer(descriptor: GPUBufferDescriptor) {
      want(
        Number.isInteger(descriptor.size) && descriptor.size >= 0 && descriptor.size <= limits.maxBufferSize,
        `a buffer of ${descriptor.size} bytes`,
      );
      return made(descriptor);
    },
    createBindGroupLayout({ entries }: GPUBindGroupLayoutDescriptor) {
      const layout = {};
      layouts.set(layout, [...entries]);
      return layout;
    },
    createBindGroup({ layout, entries }: GPUBindGroupDescriptor) {
      const kinds = layouts.get(layout) as readonly GPUBindGroupLayoutEntry[];
      const bound = [...entries].map(({ resource }, i) => {
        const { buffer, offset = 0, size = 0 } = resource as GPUBufferBinding;
        want(offset >= 0 && offset % limits.minStorageBufferOffsetAlignment === 0, `binding ${i} begins at ${offset}`);
        want(size > 0 && size % 4 === 0 && size <= limits.maxStorageBufferBindingSize, `binding ${i} has ${size} bytes`);
        want(offset + size <= buffer.size, `binding ${i} ends at ${offset + size} of ${buffer.size}`);
        return { buffer, offset, size, type: kinds[i].buffer?.type ?? "uniform" };
      });
      want(kinds.length === bound.length, `${bound.length} bindings for ${kinds.length}`);
      const made = {};
      groups.set(made, bound);
      return made;
    },
    createCommandEncoder: () => ({
      ...encoder,
      beginComputePass: () => pass,
      copyBufferToBuffer(from: GPUBuffer, offset: number, to: GPUBuffer, place: number, bytes: number) {
        want(offset % 4 === 0 && place % 4 === 0 && bytes % 4 === 0, "a copy that is not aligned");
        want(
          offset >= 0 && offset + bytes <= from.size && place + bytes <= to.size,
          `a copy of ${bytes} bytes at ${offset} of ${from.size}`,
        );
      },
    }),
  });
  return { device, violations };
}
