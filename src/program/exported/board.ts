import type { Variable } from "../../graph/tensor.ts";
import { GpuStore, type Segment } from "../gpu-store.ts";
import type { ExportedBuffer, ExportedProgram } from "./format.ts";

/** WebGPU's defaults: every device has at least these. https://www.w3.org/TR/webgpu/#limits */
export const DEFAULT_LIMITS = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupsPerDimension: 65535,
};

/** Stands in for a device where a program is only drawn up: it makes buffers that are names, and keeps what is written to them. */
export class DrawingBoard {
  readonly written = new Map<GPUBuffer, ArrayBufferView>();
  readonly device = {
    limits: DEFAULT_LIMITS,
    features: new Set(),
    lost: new Promise(() => {}),
    createBuffer: ({ label, size, usage }: GPUBufferDescriptor) => ({ label, size, usage, destroy() {} }),
    queue: {
      writeBuffer: (buffer: GPUBuffer, _offset: number, data: ArrayBufferView) => {
        this.written.set(buffer, data);
      },
    },
  } as unknown as GPUDevice;
}

/** Remembers what its buffers are for. */
export class ExportStore extends GpuStore {
  readonly known = new Map<GPUBuffer, ExportedBuffer>();
  /** Variables of each segment, in order. */
  readonly segments: Variable[][] = [];
  /** What optimizers keep, since this was last emptied. */
  readonly states: ExportedProgram["states"][number][] = [];

  override ensure(variables: readonly Variable[]): void {
    const fresh = [...new Map(variables.map((variable) => [variable.name, variable])).values()].filter(({ name }) => !this.has(name));
    super.ensure(variables);
    for (const variable of fresh) {
      const { index, buffer } = this.entry(variable.name).segment;
      this.known.set(buffer, { segment: index });
      this.segments[index] ??= [];
      this.segments[index].push(variable);
    }
  }

  /** A file says how they are drawn. */
  protected override firstValues(): ArrayLike<number> {
    return [];
  }

  override mirror(key: string, segment: Segment): GPUBuffer {
    const buffer = super.mirror(key, segment);
    this.known.set(buffer, { segment: segment.index, mirror: key });
    return buffer;
  }

  override ensureState(variable: Variable, optimizer: string, state: string): void {
    super.ensureState(variable, optimizer, state);
    this.states.push([variable.name, optimizer, state]);
  }

  override control(variable: Variable, optimizer: string): GPUBuffer {
    const buffer = super.control(variable, optimizer);
    this.known.set(buffer, { control: variable.name, optimizer });
    this.states.push([variable.name, optimizer, "step"]);
    return buffer;
  }
}
