import { matmulRegisters } from "../../../shaders/matmul-registers.wgsl.ts";
import type { MatmulKernel } from "./lower.ts";
import { batchSize, type Problem } from "./problem.ts";

const outputs = (p: Problem) => p.m * p.n * batchSize(p);

/** Splits K, into parts of at least 256 terms, until there are `wanted` tiles. */
const splitUntil = (wanted: number) => (k: number, tiles: number) => Math.min(Math.ceil(wanted / tiles), Math.ceil(k / 256));

/** Software GPUs with subgroups: 16×16 for each quad of invocations. */
const quads: MatmulKernel = {
  name: "quads 16×16",
  wgsl: (layout, epilogue) => matmulRegisters({ layout, epilogue, rows: 16, columns: 4, quad: true, workgroup: 4 }),
  rows: 16,
  columns: 16,
  tilesPerWorkgroup: 1,
  splits: splitUntil(16),
  allowed: (device) => device.subgroups !== undefined && device.subgroups.min >= 4,
  preference: (_, device) => (device.software ? 2 : -2),
};

/** Software GPUs: rows × columns for each invocation. */
const registers = (rows: number, columns: number, preference: MatmulKernel["preference"]): MatmulKernel => ({
  name: `registers ${rows}×${columns}`,
  wgsl: (layout, epilogue) => matmulRegisters({ layout, epilogue, rows, columns, quad: false, workgroup: 16 }),
  rows,
  columns,
  tilesPerWorkgroup: 16,
  splits: splitUntil(256),
  allowed: () => true,
  preference,
});

/** Every kernel that can multiply two matrices, each for the devices and sizes that its preference says. */
export const matmulKernels: readonly MatmulKernel[] = [
  quads,
  /* @__PURE__ */ registers(8, 8, (p, device) => (device.software && outputs(p) >= 4096 ? 1 : -1)),
  /* @__PURE__ */ registers(4, 4, (_, device) => (device.software ? 0 : -3)),
];
