import { onDemand } from "../../graph/on-demand.ts";
import type { DeviceTraits } from "../../graph/op.ts";
import type { MatmulKernel } from "./lower.ts";
import { lowerMatmul } from "./lower.ts";
import { batchSize, type Problem } from "./problem.ts";

/** Dispatches of one of {@link matmulKernels} for a call. */
export const lowerWith = /* @__PURE__ */ onDemand(lowerMatmul);

/** Splits K, into parts of at least 256 terms, until there are `wanted` tiles. */
const splitUntil = (wanted: number) => (k: number, tiles: number) => Math.min(Math.ceil(wanted / tiles), Math.ceil(k / 256));

const outputs = (p: Problem) => p.m * p.n * batchSize(p);

const tiles = (p: Problem, rows: number, columns: number) => Math.ceil(p.m / rows) * Math.ceil(p.n / columns) * batchSize(p);

/** Software GPUs with subgroups: rows × 4·columns for each quad of invocations. */
const quads = (
  rows: number,
  columns: number,
  allowed: (p: Problem) => boolean,
  preference: (p: Problem, device: DeviceTraits) => number,
): MatmulKernel => ({
  name: `quads ${rows}×${4 * columns}`,
  form: { rows, columns, quad: true, workgroup: 4 },
  rows,
  columns: 4 * columns,
  tilesPerWorkgroup: 1,
  splits: splitUntil(16),
  allowed: (p, device) => allowed(p) && device.subgroups !== undefined && device.subgroups.min >= 4,
  preference,
});

/** Software GPUs: rows × columns for each invocation. */
const registers = (
  rows: number,
  columns: number,
  allowed: (p: Problem) => boolean,
  preference: MatmulKernel["preference"],
): MatmulKernel => ({
  name: `registers ${rows}×${columns}`,
  form: { rows, columns, quad: false, workgroup: 16 },
  rows,
  columns,
  tilesPerWorkgroup: 16,
  splits: splitUntil(256),
  allowed,
  preference,
});

/** Real GPUs: a tile for each workgroup, shared through its memory. */
const tiles64: MatmulKernel = {
  name: "tiles 64×64",
  form: "tiled",
  rows: 64,
  columns: 64,
  tilesPerWorkgroup: 1,
  coarse: true,
  splits: splitUntil(128),
  allowed: (p, device) => p.m > 4 && device.maxInvocations >= 256 && device.maxWorkgroupStorage >= 4096,
  preference: (_, device) => (device.software ? -1 : 1),
};

/** Real GPUs, few rows. */
const skinny: MatmulKernel = {
  name: "skinny 4×64",
  form: "skinny",
  rows: 4,
  columns: 64,
  tilesPerWorkgroup: 1,
  coarse: true,
  splits: splitUntil(128),
  allowed: (p, device) => p.m <= 4 && device.maxInvocations >= 128,
  preference: (_, device) => (device.software ? -1 : 1),
};

/** From here on, the larger tiles win back the 0.4 s that they take to compile (against 0.2 s) within some twenty products. */
const LARGE = 2 ** 26;

const several = (p: Problem) => p.m > 4;

/**
 * Every kernel that can multiply two matrices. Which is taken, by the highest preference:
 *
 * - software GPU: up to 2^18 multiply-adds: see strided.ts; one row: 1×4; up to four rows: 4×4; else quads: 32×32 from 2^26 multiply-adds on, 16×32 where that leaves 16 tiles,
 *   16×16; without subgroups 8×8, or 4×4 where 8×8 would leave fewer than 64 tiles;
 * - real GPU: up to four rows: skinny; else tiles of 64×64.
 *
 * A kernel for the other kind of device is allowed (and so proven) everywhere, and never preferred.
 */
export const matmulKernels: readonly MatmulKernel[] = [
  /* @__PURE__ */ quads(
    32,
    8,
    (p) => p.m > 16 && p.n > 16,
    (p, device) => (device.software && outputs(p) * p.k >= LARGE && tiles(p, 32, 32) >= 16 ? 5 : -2),
  ),
  /* @__PURE__ */ quads(16, 8, several, (p, device) => (device.software && tiles(p, 16, 32) >= 16 ? 4 : -2)),
  /* @__PURE__ */ quads(16, 4, several, (_, device) => (device.software ? 3 : -2)),
  /* @__PURE__ */ registers(8, 8, several, (p, device) => (device.software && tiles(p, 8, 8) >= 64 ? 2 : -2)),
  /* @__PURE__ */ registers(
    4,
    4,
    () => true,
    (_, device) => (device.software ? 1 : -2),
  ),
  /* @__PURE__ */ registers(
    1,
    4,
    (p) => p.m === 1,
    (_, device) => (device.software ? 6 : -2),
  ),
  tiles64,
  skinny,
];
