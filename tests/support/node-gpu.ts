import { launchNode } from "../../src/cli/runtime/node.ts";
import { requestDevice } from "../../src/gpu/device.ts";
import { Gpu } from "../../src/gpu/gpu.ts";

let source: Promise<GPU> | undefined;

/** WebGPU in this Node process (Dawn), for quick checks without a browser. What is asserted on users' behalf runs in Chrome. */
export function nodeGpu(): Promise<GPU> {
  source ??= launchNode().then(({ gpu }) => gpu);
  return source;
}

/** A dispatcher on a new device of it. */
export async function nodeDispatcher(defaultLimits = false): Promise<Gpu> {
  return new Gpu(await requestDevice({ gpu: await nodeGpu(), defaultLimits }), true);
}
