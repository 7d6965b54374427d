import { Engine } from "unroll-gpu";
import { Host } from "./host.ts";
import { train } from "./lenet.ts";

const STEPS = 40;

/** What the test asks this app to do. */
const scenes = {
  async page() {
    const engine = await Engine.create();
    const result = await train(engine, STEPS);
    engine.dispose();
    return result;
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
