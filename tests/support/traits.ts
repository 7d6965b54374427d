import type { DeviceTraits } from "../../src/graph/op.ts";

/** Default limits, as a software GPU with subgroups of 4 and as a real one with subgroups of 32. */
export const softwareTraits: DeviceTraits = {
  software: true,
  f16: false,
  subgroups: { min: 4, max: 4 },
  maxWorkgroupStorage: 16384,
  maxInvocations: 256,
  maxWorkgroupSizeX: 256,
  maxStorageBuffers: 8,
  maxBindingBytes: 2 ** 27,
  walkFlops: 1e9,
};
export const hardwareTraits: DeviceTraits = { ...softwareTraits, software: false, subgroups: { min: 32, max: 32 } };
