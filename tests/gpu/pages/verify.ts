import { requestDevice } from "../../../src/gpu/device.ts";
import { Gpu } from "../../../src/gpu/gpu.ts";
import { allSamples } from "../../../src/verify/all.ts";
import { traitsToVerify, type Verification, verifyOps } from "../../../src/verify/run.ts";

/** The names of all ops that have samples. */
export const names = (): string[] => allSamples.map(({ op }) => op.name);

/** Proves one op by its place in the list, on a device with all that the adapter has and on one with the default limits. */
export async function verifyAt(index: number): Promise<Verification> {
  const full = new Gpu(await requestDevice({}), true);
  const least = new Gpu(await requestDevice({ defaultLimits: true }), true);
  try {
    return await verifyOps(
      [
        { name: "native", gpu: full, traits: traitsToVerify(full.traits) },
        { name: "default limits", gpu: least, traits: traitsToVerify(least.traits) },
      ],
      [allSamples[index]],
    );
  } finally {
    full.dispose();
    least.dispose();
  }
}
