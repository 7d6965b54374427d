import { check, UnrollError } from "../errors.ts";
import type { Kernel } from "../graph/kernel.ts";

/** A kernel that is ready to run. Where it has params, they are the binding after the last. */
export interface Compiled {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Two kernels with equal keys share one pipeline. */
export const pipelineKey = (kernel: Kernel): string =>
  `${Object.values(kernel.bindings)
    .map((binding) => binding.access[0] + binding.access.length)
    .join("")}${kernel.params ? "p" : ""}\n${kernel.wgsl}`;

/**
 * Compiles a kernel.
 * @throws UnrollError `shader` with kernel, line and the WGSL around it when it does not compile, or when its bindings are not the declared ones.
 */
export async function compileKernel(device: GPUDevice, kernel: Kernel): Promise<Compiled> {
  checkBindings(kernel);
  const { maxStorageBuffersPerShaderStage: most } = device.limits;
  const count = Object.keys(kernel.bindings).length;
  check(count <= most, "limit", () => `kernel "${kernel.name}" binds ${count} storage buffers; this device allows ${most}`);
  // Pushed and popped around the call: a scope held across an await would catch other people's errors.
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: kernel.name, code: kernel.wgsl });
  const moduleError = device.popErrorScope();
  const layout = device.createBindGroupLayout({ label: kernel.name, entries: layoutEntries(kernel) });
  // Awaited together, so that a module that fails leaves no rejection unhandled.
  const [error, result] = await Promise.all([
    moduleError,
    device
      .createComputePipelineAsync({
        label: kernel.name,
        layout: device.createPipelineLayout({ label: kernel.name, bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: "main" },
      })
      .then(
        (pipeline) => ({ pipeline }),
        (cause: unknown) => ({ cause }),
      ),
  ]);
  if ("pipeline" in result && !error) return { pipeline: result.pipeline, layout };
  const cause = "cause" in result ? result.cause : undefined;
  throw new UnrollError("shader", `kernel "${kernel.name}" does not compile: ${await reasonOf(module, kernel.wgsl, cause, error)}`);
}

/** The same within the call; a kernel that does not compile is an error of the device. */
export function compileKernelNow(device: GPUDevice, kernel: Kernel): Compiled {
  const module = device.createShaderModule({ label: kernel.name, code: kernel.wgsl });
  const layout = device.createBindGroupLayout({ label: kernel.name, entries: layoutEntries(kernel) });
  const pipeline = device.createComputePipeline({
    label: kernel.name,
    layout: device.createPipelineLayout({ label: kernel.name, bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main" },
  });
  return { pipeline, layout };
}

/** What the compiler says, with the WGSL around it; else what the browser says. */
async function reasonOf(module: GPUShaderModule, wgsl: string, cause: unknown, error: GPUError | null): Promise<string> {
  const { messages } = await module.getCompilationInfo();
  const details = messages.flatMap(({ type, message, lineNum }) => (type === "error" ? [`${message}\n${excerpt(wgsl, lineNum)}`] : []));
  if (details.length > 0) return details.join("\n");
  return cause instanceof Error ? cause.message : (error?.message ?? "unknown reason");
}

function layoutEntries(kernel: Kernel): GPUBindGroupLayoutEntry[] {
  const visibility = 4; // GPUShaderStage.COMPUTE, which is no global in every runtime
  const entries: GPUBindGroupLayoutEntry[] = Object.values(kernel.bindings).map((binding, index) => ({
    binding: index,
    visibility,
    buffer: { type: binding.access === "read" ? "read-only-storage" : "storage" },
  }));
  if (kernel.params) entries.push({ binding: entries.length, visibility, buffer: { type: "uniform" } });
  return entries;
}

const DECLARATION = /@group\(\s*0\s*\)\s*@binding\(\s*(\d+)\s*\)\s*var\s*<\s*(storage|uniform)\s*(?:,\s*(read|read_write)\s*)?>\s*(\w+)/g;

/** The WGSL must declare just what `bindings` says: name, place and access. */
function checkBindings(kernel: Kernel): void {
  const declared = new Map<string, { index: number; access: string; at: number }>();
  for (const match of kernel.wgsl.replace(/\/\/.*$/gm, "").matchAll(DECLARATION))
    declared.set(match[4], { index: Number(match[1]), access: match[2] === "uniform" ? "uniform" : (match[3] ?? "read"), at: match.index });
  const expected = Object.entries(kernel.bindings).map(([name, { access }]) => ({
    name,
    access: access === "read" ? "read" : "read_write",
  }));
  if (kernel.params) expected.push({ name: "params", access: "uniform" });
  expected.forEach(({ name, access }, index) => {
    const found = declared.get(name);
    const space = access === "uniform" ? "uniform" : `storage, ${access}`;
    if (!found || found.index !== index || found.access !== access) {
      const seen = found ? `@binding(${found.index}) with access "${found.access}"` : "no such variable";
      throw new UnrollError(
        "shader",
        `kernel "${kernel.name}": the WGSL must declare "@group(0) @binding(${index}) var<${space}> ${name}"; it has ${seen}`,
      );
    }
    declared.delete(name);
  });
  const [extra] = declared.keys();
  if (extra) throw new UnrollError("shader", `kernel "${kernel.name}": the WGSL declares "${extra}", which is not among its bindings`);
}

/** The lines around `line` (from 1), numbered, with a mark. */
function excerpt(wgsl: string, line: number): string {
  const lines = wgsl.split("\n");
  const from = Math.max(1, line - 3);
  return lines
    .slice(from - 1, line + 2)
    .map((text, i) => `${from + i === line ? ">" : " "} ${String(from + i).padStart(4)} | ${text}`)
    .join("\n");
}
