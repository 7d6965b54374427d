import type { Engine } from "../../src/index.ts";

/** The GPU that an engine computes on, in words. */
export function adapterName({ adapter }: Engine): string {
  const { vendor, architecture, device, description, software } = adapter;
  const name = description || [vendor, architecture, device].filter(Boolean).join(" ") || "GPU without a name";
  return software ? `${name}: a software adapter, much slower than a GPU` : name;
}
