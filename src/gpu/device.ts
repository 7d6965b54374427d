import { check, describe, UnrollError } from "../errors.ts";
import type { DeviceTraits } from "../graph/op.ts";

/** What is known of the adapter, as reports and `unroll info` print it. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** A software adapter (SwiftShader, lavapipe, WARP): right, and slow. */
  readonly software: boolean;
}

const WANTED_FEATURES: readonly GPUFeatureName[] = ["timestamp-query", "shader-f16", "subgroups"];

/** Raised to what the adapter has: bigger tiles and buffers. Everything also works at the defaults. */
const WANTED_LIMITS = [
  "maxStorageBuffersPerShaderStage",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

export interface DeviceRequest {
  /** Where adapters come from: `navigator.gpu` unless given (Dawn's `create([])` in Node). */
  readonly gpu?: GPU;
  readonly powerPreference?: GPUPowerPreference;
  /** Ask for nothing beyond the default limits and no features, as the weakest device would give. */
  readonly defaultLimits?: boolean;
}

/** Requests a device with the features and limits that help. */
export async function requestDevice({ gpu, powerPreference = "high-performance", defaultLimits }: DeviceRequest): Promise<GPUDevice> {
  const source = gpu ?? (typeof navigator === "undefined" ? undefined : navigator.gpu);
  check(
    source,
    "adapter",
    "there is no WebGPU here: use a browser that has it (Chrome, Edge, Safari 26, Firefox 141 or newer), on https or localhost",
  );
  const adapter = await source.requestAdapter({ powerPreference }).catch((cause: unknown) => {
    throw new UnrollError("adapter", `there is no such adapter: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
  check(adapter, "adapter", "WebGPU is here, but no adapter: the GPU or its driver is not supported, or blocked by the browser");
  const requiredLimits: Record<string, number> = {};
  for (const name of WANTED_LIMITS) requiredLimits[name] = adapter.limits[name];
  const requiredFeatures = WANTED_FEATURES.filter((name) => adapter.features.has(name));
  try {
    return await adapter.requestDevice({ label: "unroll", ...(defaultLimits ? {} : { requiredFeatures, requiredLimits }) });
  } catch (cause) {
    throw new UnrollError("adapter", `the adapter gave no device: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|warp/i;

export function describeAdapter(device: GPUDevice): AdapterDescription {
  const info = device.adapterInfo as (GPUAdapterInfo & { isFallbackAdapter?: boolean }) | undefined;
  const { vendor = "", architecture = "", description = "" } = info ?? {};
  const software = Boolean(info?.isFallbackAdapter) || SOFTWARE.test(`${vendor} ${architecture} ${description} ${info?.device ?? ""}`);
  return { vendor, architecture, device: info?.device ?? "", description, software };
}

/** One line that names the adapter; a software adapter is called so. */
export function formatAdapter(adapter: AdapterDescription): string {
  check(
    typeof adapter === "object" && adapter !== null,
    "argument",
    () => `formatAdapter: give an adapter's description, not ${describe(adapter)}`,
  );
  const name = [adapter.description, adapter.vendor, adapter.architecture, adapter.device].filter(Boolean).join(" · ") || "unnamed adapter";
  return adapter.software ? `${name} (software, no GPU)` : name;
}

export function traitsOf(device: GPUDevice, overrides: Partial<DeviceTraits> = {}): DeviceTraits {
  const { limits, features } = device;
  const { software } = describeAdapter(device);
  const info = device.adapterInfo as (GPUAdapterInfo & { subgroupMinSize?: number; subgroupMaxSize?: number }) | undefined;
  const { subgroupMinSize: min, subgroupMaxSize: max } = info ?? {};
  return {
    software,
    f16: features.has("shader-f16"),
    subgroups: features.has("subgroups") && min && max ? { min, max } : undefined,
    maxWorkgroupStorage: limits.maxComputeWorkgroupStorageSize,
    maxInvocations: limits.maxComputeInvocationsPerWorkgroup,
    maxWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxStorageBuffers: limits.maxStorageBuffersPerShaderStage,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    walkFlops: software ? 6e9 : 5e10,
    ...overrides,
  };
}
