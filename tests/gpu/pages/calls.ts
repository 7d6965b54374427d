/** Calls of WebGPU that count what images cost. */
const COUNTED = {
  imports: [() => GPUDevice.prototype, "importExternalTexture"],
  copies: [() => GPUQueue.prototype, "copyExternalImageToTexture"],
  dispatches: [() => GPUComputePassEncoder.prototype, "dispatchWorkgroups"],
  submits: [() => GPUQueue.prototype, "submit"],
  textures: [() => GPUDevice.prototype, "createTexture"],
  buffers: [() => GPUDevice.prototype, "createBuffer"],
  destroyedTextures: [() => GPUTexture.prototype, "destroy"],
  destroyedBuffers: [() => GPUBuffer.prototype, "destroy"],
  closedFrames: [() => globalThis.VideoFrame?.prototype, "close"],
} as const;

export type Calls = Record<keyof typeof COUNTED, number>;

/** How often `work` called what, on all devices of the page. */
export async function countCalls(work: () => unknown): Promise<Calls> {
  const counts = Object.fromEntries(Object.keys(COUNTED).map((name) => [name, 0])) as Calls;
  const undo: (() => void)[] = [];
  for (const [name, [owner, method]] of Object.entries(COUNTED)) {
    const prototype = owner() as unknown as Record<string, (...args: unknown[]) => unknown>;
    const original = prototype?.[method];
    if (!original) continue; // a browser without it
    prototype[method] = function (this: unknown, ...args: unknown[]) {
      counts[name as keyof Calls]++;
      return original.apply(this, args);
    };
    undo.push(() => {
      prototype[method] = original;
    });
  }
  try {
    await work();
  } finally {
    for (const restore of undo) restore();
  }
  return counts;
}
