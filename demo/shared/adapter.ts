import type { Engine } from "../../src/index.ts";

/** The GPU that something is computed on, in words. */
export function adapterName({ adapter }: Pick<Engine, "adapter">): string {
  const { vendor, architecture, device, description, software } = adapter;
  const name = description || [vendor, architecture, device].filter(Boolean).join(" ") || "GPU without a name";
  return software ? `${name}: a software adapter, much slower than a GPU` : name;
}
