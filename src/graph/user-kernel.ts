import { check, checkOptions, describe } from "../errors.ts";
import type { Bindings, Kernel, KernelSpec, Params } from "./kernel.ts";

const DTYPES: readonly unknown[] = ["f32", "i32", "u32", "f16"];
const ACCESSES: readonly unknown[] = ["read", "write", "read_write"];

/**
 * Describes a kernel: WGSL, what is bound to it, and (for use on its own) its workgroups, cost and reference.
 * @throws UnrollError `argument` when a name is not one that WGSL allows.
 */
export function kernel<const B extends Bindings, const P extends Params = Record<never, never>>(spec: KernelSpec<B, P>): Kernel<B, P> {
  checkKernel(spec as unknown as Kernel);
  return spec;
}

/** Checks what may come from JavaScript. @throws UnrollError `argument`, `name` */
export function checkKernel(spec: Kernel): void {
  checkOptions("kernel", spec, ["name", "wgsl", "bindings", "params", "workgroups", "cost", "reference", "tolerance"]);
  const { name, wgsl, bindings, params = {}, tolerance = 0 } = spec;
  for (const [field, text] of Object.entries({ name, wgsl }))
    check(typeof text === "string", "argument", () => `kernel: ${field} must be a string, not ${describe(text)}`);
  for (const field of ["workgroups", "cost", "reference"] as const)
    check(
      spec[field] === undefined || typeof spec[field] === "function",
      "argument",
      () => `kernel "${name}": ${field} must be a function, not ${describe(spec[field])}`,
    );
  check(
    typeof tolerance === "number" && tolerance >= 0,
    "argument",
    () => `kernel "${name}": tolerance must be a number of at least 0, not ${describe(tolerance)}`,
  );
  check(
    typeof bindings === "object" &&
      bindings !== null &&
      Object.values(bindings).every((b) => DTYPES.includes(b?.dtype) && ACCESSES.includes(b.access)),
    "argument",
    () => `kernel "${name}": bindings must be made by read, write or readWrite from "f32", "i32", "u32" or "f16"`,
  );
  check(
    typeof params === "object" && params !== null && Object.values(params).every((type) => ["u32", "i32", "f32"].includes(type)),
    "argument",
    () => `kernel "${name}": params must be "u32", "i32" or "f32" by name`,
  );
  for (const name of [...Object.keys(spec.bindings), ...Object.keys(spec.params ?? {})])
    check(/^[a-zA-Z_]\w*$/.test(name), "argument", () => `kernel "${spec.name}": "${name}" is no WGSL identifier`);
}
