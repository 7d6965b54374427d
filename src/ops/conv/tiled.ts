import { convFilterTiled } from "../../../shaders/conv_filter_tiled.wgsl.ts";
import { convTiled } from "../../../shaders/conv_tiled.wgsl.ts";
import { onDemand } from "../../graph/on-demand.ts";
import type { DeviceTraits } from "../../graph/op.ts";
import { type FilterKernel, segmentOf } from "./filter.ts";
import { type GatherKernel, groupTarget } from "./gather.ts";
import { groupOut } from "./problem.ts";

const tiled = /* @__PURE__ */ onDemand(convTiled);
const filterTiled = /* @__PURE__ */ onDemand(convFilterTiled);

const fits = (device: DeviceTraits): boolean => device.maxInvocations >= 256 && device.maxWorkgroupStorage >= 4096;

/** Of 64 rows or columns of a tile, so many must have something to do. */
const LEAST = 16;

/** On a real GPU: first where most of a tile is used, last where it is not. */
const rank = (device: DeviceTraits, used: boolean): number => (device.software ? -3 : used ? 2 : 0);

const shape = { name: "tiles 64×64", rows: 64, columns: 64, tilesPerWorkgroup: 1, wanted: 128 };

/** Real GPUs: a tile of 64 pixels × 64 channels for each workgroup, shared through its memory. */
export const gatherTiles: GatherKernel = {
  ...shape,
  wgsl: (layout, epilogue) => tiled({ layout, epilogue }),
  allowed: (_, device) => fits(device),
  preference: (g, device) => rank(device, groupTarget(g) >= LEAST),
};

/** Real GPUs: a tile of 64 elements of a segment × 64 channels for each workgroup. */
export const filterTiles64: FilterKernel = {
  ...shape,
  wgsl: (layout) => filterTiled({ layout }),
  allowed: (_, device) => fits(device),
  preference: (g, device) => rank(device, groupOut(g) >= LEAST && segmentOf(g) >= LEAST),
};
