import { compile, Engine, input, kernel, loadTrainer, matmul, read, runKernel, UnrollError, write } from "unroll-gpu";
import { Host } from "./host.ts";
import { kinds } from "./kinds.ts";
import lenet from "./lenet.json";
import { bits, createLeNet, train } from "./lenet.ts";
import { bitsOf } from "./loop.ts";
import { pictures } from "./pictures.ts";

const STEPS = 40;

/** What the test asks this app to do. */
const scenes = {
  async page() {
    const engine = await Engine.create();
    const result = await train(engine, STEPS);
    engine.dispose();
    return result;
  },

  async bits() {
    const engine = await Engine.create();
    const result = await bits(engine, 20);
    engine.dispose();
    return result;
  },

  /** A trainer that was exported when the app was built, beside one that is compiled here. */
  async exported() {
    const results: (readonly number[])[] = [];
    for (const load of [false, true]) {
      const engine = await Engine.create();
      results.push(load ? await bitsOf(await loadTrainer(engine, lenet), 20) : await bits(engine, 20));
      engine.dispose();
    }
    return results;
  },

  kinds,

  /** On demand: the bench is larger than the app. */
  bench: async () => (await import("./bench.ts")).bench(),

  /** Mistakes that only show on a device, and what is said of each. */
  async mistakes() {
    const engine = await Engine.create();
    const trainer = await createLeNet(engine, 4);
    const { x, labels } = pictures(4, 1);
    const a = input([2, 3]);
    const program = await compile(engine, { inputs: { a }, outputs: { y: matmul(a, a, { transposeB: true }) } });
    const wgsl = "@group(0) @binding(0) var<storage, read_write> y: array<f32>; @compute @workgroup_size(1) fn main() { y[0] = 1.0; }";
    const bindings = { y: write("f32") };
    const calls: Readonly<Record<string, () => unknown>> = {
      size: () => trainer.step(x.subarray(1), labels),
      dtype: () => trainer.step(new Float64Array(x.length) as never, labels),
      name: () => program.run({} as never),
      output: () => program.run({ a: new Float32Array(6) }, { read: ["z" as never] }),
      unread: () => compile(engine, { inputs: { a, b: input([1]) }, outputs: { y: matmul(a, a, { transposeB: true }) } }),
      shader: () =>
        runKernel(engine, kernel({ name: "k", wgsl: wgsl.replace("1.0", "none"), bindings }), { buffers: { y: 1 }, workgroups: [1, 1, 1] }),
      binding: () =>
        runKernel(engine, kernel({ name: "k", wgsl, bindings: { x: read("f32"), ...bindings } }), {
          buffers: { x: new Float32Array(1), y: 1 },
          workgroups: [1, 1, 1],
        }),
      huge: () => {
        const huge = input([2 ** 16, 2 ** 15]);
        return compile(engine, { inputs: { huge }, outputs: { y: matmul(huge, huge, { transposeA: true }) } });
      },
      nan: async () => {
        await trainer.step(
          x.map(() => Number.NaN),
          labels,
          { read: true },
        );
      },
      disposed: () => {
        program.dispose();
        return program.run({ a: new Float32Array(6) });
      },
    };
    const said: Record<string, readonly [code: string, message: string]> = {};
    for (const [name, call] of Object.entries(calls))
      said[name] = await (async () => call())().then(
        () => ["none", ""] as const,
        (error: unknown) => [error instanceof UnrollError ? error.code : "foreign", String(error)] as const,
      );
    engine.dispose();
    return said;
  },

  worker() {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    return new Promise((resolve, reject) => {
      worker.addEventListener("message", ({ data }) => resolve(data));
      worker.addEventListener("error", ({ message }) => reject(new Error(message)));
      worker.postMessage({ steps: STEPS });
    });
  },

  /** The host draws before, while and after the library trains on its device, also when the engine is gone. */
  async host() {
    const host = await Host.create();
    const pixels = [await host.paint()];
    const engine = await Engine.create({ device: host.device });
    const training = train(engine, STEPS);
    for (let frame = 0; frame < 5; frame++) pixels.push(await host.paint());
    const result = await training;
    engine.dispose();
    pixels.push(await host.paint());
    let lost = false;
    void host.device.lost.then(() => {
      lost = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { ...result, pixels, lost };
  },

  /** Two engines train side by side, each on its own device, then both on one device of the host's. */
  async two() {
    const engines = [await Engine.create(), await Engine.create()];
    const apart = await Promise.all(engines.map((engine) => train(engine, STEPS)));
    for (const engine of engines) engine.dispose();
    const host = await Host.create();
    const guests = [await Engine.create({ device: host.device }), await Engine.create({ device: host.device })];
    const together = await Promise.all(guests.map((engine) => train(engine, STEPS)));
    for (const engine of guests) engine.dispose();
    return { apart, together };
  },
};

declare global {
  interface Window {
    scenes: typeof scenes;
    violations: string[];
  }
}

window.violations = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  window.violations.push(`${violatedDirective}: ${blockedURI}`);
});
window.scenes = scenes;
