import { matmulRegisters } from "../../../shaders/matmul-registers.wgsl.ts";
import type { DeviceTraits, Variant } from "../../graph/op.ts";
import { lowerMatmul, type MatmulKernel } from "./lower.ts";
import { batchSize, type MatmulAttributes, matmulProblem, type Problem } from "./problem.ts";

/** Splits K, down to 256 terms, until there are `wanted` tiles. */
const splitUntil = (wanted: number) => (problem: Problem, tiles: number) => Math.min(Math.ceil(wanted / tiles), Math.ceil(problem.k / 256));

const registers = (rows: number, columns: number): MatmulKernel => ({
  name: `registers ${rows}×${columns}`,
  wgsl: (layout, epilogue) => matmulRegisters({ layout, epilogue, rows, columns, quad: false, unroll: 1, workgroup: 16 }),
  rows,
  columns,
  tilesPerWorkgroup: 16,
  splits: splitUntil(256),
});

const quads: MatmulKernel = {
  name: "quads 16×16",
  wgsl: (layout, epilogue) => matmulRegisters({ layout, epilogue, rows: 16, columns: 4, quad: true, unroll: 1, workgroup: 4 }),
  rows: 16,
  columns: 16,
  tilesPerWorkgroup: 1,
  splits: splitUntil(16),
};

type Rule = (problem: Problem, device: DeviceTraits) => number;

const variant = (name: string, shape: MatmulKernel, preference: Rule, allowed: (device: DeviceTraits) => boolean = () => true) =>
  ({
    name,
    allowed: (_, device) => allowed(device),
    preference: (call, device) => preference(matmulProblem(call), device),
    plan: (call) => lowerMatmul(call, shape),
  }) satisfies Variant<MatmulAttributes>;

const outputs = (p: Problem) => p.m * p.n * batchSize(p);

/** Which variant for which call and device: see `preference` of each. */
export const matmulVariants: readonly Variant<MatmulAttributes>[] = [
  variant(
    "quads 16×16",
    quads,
    (_, device) => (device.software ? 2 : -2),
    (device) => device.subgroups !== undefined && device.subgroups.min >= 4,
  ),
  variant("registers 8×8", registers(8, 8), (p, device) => (device.software && outputs(p) >= 4096 ? 1 : -1)),
  variant("registers 4×4", registers(4, 4), (_, device) => (device.software ? 0 : -3)),
];
