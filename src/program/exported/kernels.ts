import { check } from "../../errors.ts";
import type { PlacedDispatch } from "../../gpu/recorder.ts";
import { compactWgsl, withoutUnusedFunctions } from "../../graph/compact.ts";
import type { Kernel } from "../../graph/kernel.ts";
import { DEFAULT_LIMITS } from "./board.ts";

/** The kernels of all programs, each once. */
export class Kernels {
  readonly all: Kernel[] = [];
  readonly #numbers = new Map<string, number>();

  number({ name, wgsl, bindings, params }: Kernel): number {
    const kernel = { name, wgsl: compactWgsl(withoutUnusedFunctions(compactWgsl(wgsl))).trim(), bindings, ...(params && { params }) };
    const key = JSON.stringify(kernel);
    const known = this.#numbers.get(key) ?? this.all.push(kernel) - 1;
    this.#numbers.set(key, known);
    return known;
  }
}

/** Whether its code enables an extension of WGSL, a comment aside. */
export const enables = ({ wgsl }: Kernel, extension: string): boolean =>
  new RegExp(`\\benable\\b[^;]*\\b${extension}\\b`).test(compactWgsl(wgsl));

/** What only some devices have. The planner asks for none of it; kernels of others may. */
export function checkDefaults(label: string, { kernel, workgroups }: PlacedDispatch): void {
  const { maxComputeWorkgroupsPerDimension: most, maxStorageBuffersPerShaderStage: buffers } = DEFAULT_LIMITS;
  const said = `export "${label}": kernel "${kernel.name}"`;
  check(
    workgroups.every((n) => n <= most),
    "limit",
    () => `${said} takes [${workgroups.join(", ")}] workgroups; the default limits allow ${most}`,
  );
  const bound = Object.keys(kernel.bindings).length;
  check(bound <= buffers, "limit", () => `${said} binds ${bound} buffers; the default limits allow ${buffers}`);
  check(!enables(kernel, "f16"), "limit", () => `${said} enables f16, which not every device has`);
}
