/** A renderer that owns its device, and knows nothing of the library that it shares the device with. */
export class Host {
  readonly device: GPUDevice;
  readonly #target: GPUTexture;
  readonly #pipeline: GPURenderPipeline;

  private constructor(device: GPUDevice) {
    this.device = device;
    const format = "rgba8unorm";
    const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC;
    this.#target = device.createTexture({ size: [16, 16], format, usage });
    const code = `
      @vertex fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
        return vec4f(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
      }
      @fragment fn paint() -> @location(0) vec4f { return vec4f(0.0, 1.0, 0.0, 1.0); }`;
    const module = device.createShaderModule({ code });
    this.#pipeline = device.createRenderPipeline({ layout: "auto", vertex: { module }, fragment: { module, targets: [{ format }] } });
  }

  static async create(): Promise<Host> {
    const adapter = await navigator.gpu.requestAdapter();
    if (!adapter) throw new Error("no WebGPU");
    return new Host(await adapter.requestDevice());
  }

  /** Paints its texture green over red and reads a pixel back. */
  async paint(): Promise<number[]> {
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: this.#target.createView(), loadOp: "clear", storeOp: "store", clearValue: [1, 0, 0, 1] }],
    });
    pass.setPipeline(this.#pipeline);
    pass.draw(3);
    pass.end();
    const buffer = this.device.createBuffer({ size: 256, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    encoder.copyTextureToBuffer({ texture: this.#target }, { buffer, bytesPerRow: 256 }, [1, 1]);
    this.device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(GPUMapMode.READ);
    const pixel = [...new Uint8Array(buffer.getMappedRange(), 0, 4)];
    buffer.destroy();
    return pixel;
  }
}
