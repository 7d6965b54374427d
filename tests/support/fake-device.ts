/*
 * A GPUDevice that computes nothing: buffers hold zeros and work is done at once. What is checked before GPU work, and what is planned
 * for it, can be seen without a GPU.
 */
import { DEFAULT_LIMITS } from "../../src/program/exported/board.ts";

const nothing = () => {};

class FakeBuffer {
  readonly size: number;
  mapState = "unmapped";
  #data: ArrayBuffer | undefined;

  constructor({ size }: GPUBufferDescriptor) {
    this.size = size;
  }

  async mapAsync(): Promise<void> {
    this.mapState = "mapped";
  }

  getMappedRange(offset = 0, bytes = this.size - offset): ArrayBuffer {
    this.#data ??= new ArrayBuffer(this.size);
    return this.#data.slice(offset, offset + bytes);
  }

  unmap(): void {
    this.mapState = "unmapped";
  }

  destroy(): void {}
}

export function fakeDevice(): GPUDevice {
  const limits = {
    ...DEFAULT_LIMITS,
    maxTextureDimension2D: 8192,
    minUniformBufferOffsetAlignment: 256,
    minStorageBufferOffsetAlignment: 256,
  };
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, draw: nothing, end: nothing };
  const encoder = {
    beginComputePass: () => pass,
    beginRenderPass: () => pass,
    copyBufferToBuffer: nothing,
    copyTextureToBuffer: nothing,
    clearBuffer: nothing,
    finish: () => ({}),
  };
  const pipeline = { getBindGroupLayout: () => ({}) };
  const texture = ({ size: [width, height] }: { size: readonly number[] }) => ({
    width,
    height,
    createView: () => ({}),
    destroy: nothing,
  });
  return {
    limits,
    features: new Set(),
    lost: new Promise(nothing),
    queue: {
      writeBuffer: nothing,
      writeTexture: nothing,
      copyExternalImageToTexture: nothing,
      submit: nothing,
      onSubmittedWorkDone: async () => {},
    },
    createBuffer: (descriptor: GPUBufferDescriptor) => new FakeBuffer(descriptor),
    createShaderModule: () => ({ getCompilationInfo: async () => ({ messages: [] }) }),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createBindGroup: () => ({}),
    createComputePipelineAsync: async () => pipeline,
    createRenderPipelineAsync: async () => pipeline,
    createTexture: texture,
    importExternalTexture: () => ({}),
    createCommandEncoder: () => encoder,
    pushErrorScope: nothing,
    popErrorScope: async () => null,
    destroy: nothing,
  } as unknown as GPUDevice;
}
