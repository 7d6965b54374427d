import { convFilter } from "../../../shaders/conv_filter.wgsl.ts";
import { convGather } from "../../../shaders/conv_gather.wgsl.ts";
import type { Call, DeviceTraits, Variant } from "../../graph/op.ts";
import { depthwiseVariants } from "./depthwise-variants.ts";
import { directPreference, isDirect, lowerDirect } from "./direct.ts";
import { lowerDirectFilter } from "./direct-filter.ts";
import { type FilterKernel, filterTiles, lowerFilter, segmentOf } from "./filter.ts";
import {
  forwardGather,
  type Gather,
  type GatherKernel,
  groupTarget,
  inputGather,
  isSmall,
  lowerGather,
  SHORT_SUM,
  SMALL_WORK,
  sumOf,
  tilesOf,
} from "./gather.ts";
import { narrowVariant } from "./narrow.ts";
import {
  type ConvAttributes,
  filterGradientGeometry,
  forwardGeometry,
  groupOut,
  type InputGradientAttributes,
  inputGradientGeometry,
  multiplyAdds,
} from "./problem.ts";
import { productVariant } from "./product.ts";
import { filterTiles64, gatherTiles } from "./tiled.ts";

const hasQuads = (device: DeviceTraits): boolean => device.subgroups !== undefined && device.subgroups.min >= 4;

/** Software GPUs with subgroups: rows × 4·columns for each quad of invocations. */
const gatherQuads = (rows: number, columns: number, preference: (g: Gather) => number): GatherKernel => ({
  name: `quads ${rows}×${4 * columns}`,
  wgsl: (layout, epilogue) => convGather({ layout, epilogue, rows, columns, quad: true, workgroup: 4 }),
  rows,
  columns: 4 * columns,
  share: 4,
  tilesPerWorkgroup: 1,
  wanted: 16,
  allowed: (_, device) => hasQuads(device),
  preference: (g, device) => (device.software ? preference(g) : -2),
});

/** Software GPUs with subgroups: 2·rows × 2·columns for each quad, which compiles in half the time of twice the rows. */
const gatherPairs = (rows: number, columns: number, preference: (g: Gather) => number): GatherKernel => ({
  name: `pairs ${2 * rows}×${2 * columns}`,
  wgsl: (layout, epilogue) => convGather({ layout, epilogue, rows, columns, quad: true, pairs: true, workgroup: 4 }),
  rows: 2 * rows,
  columns: 2 * columns,
  share: 4,
  tilesPerWorkgroup: 1,
  wanted: 16,
  allowed: (_, device) => hasQuads(device),
  preference: (g, device) => (device.software ? preference(g) : -2),
});

/** Software GPUs: rows × columns for each invocation; on real GPUs `onReal`. */
const gatherRegisters = (rows: number, columns: number, preference: (g: Gather) => number, onReal = -2): GatherKernel => ({
  name: `registers ${rows}×${columns}`,
  wgsl: (layout, epilogue) => convGather({ layout, epilogue, rows, columns, quad: false, workgroup: 16 }),
  rows,
  columns,
  tilesPerWorkgroup: 16,
  wanted: 256,
  allowed: () => true,
  preference: (g, device) => (device.software ? preference(g) : onReal),
});

export const gatherKernels: readonly GatherKernel[] = [
  /* @__PURE__ */ gatherPairs(8, 4, (g) => (groupTarget(g) <= 4 ? -2 : isSmall(g) ? 6 : 3.5)),
  /* @__PURE__ */ gatherQuads(16, 8, (g) => (groupTarget(g) > 16 && tilesOf(g, 16, 32) >= 16 && sumOf(g) > SHORT_SUM ? 5 : -2)),
  /* @__PURE__ */ gatherQuads(16, 4, (g) => (groupTarget(g) > 8 ? 4 : -2)),
  /* @__PURE__ */ gatherRegisters(8, 8, (g) => (groupTarget(g) > 4 && tilesOf(g, 8, 8) >= 64 ? 3 : -2)),
  /* @__PURE__ */ gatherRegisters(4, 4, () => 1, 1),
];

const filterQuads = (rows: number, columns: number, preference: FilterKernel["preference"]): FilterKernel => ({
  name: `quads ${rows}×${4 * columns}`,
  wgsl: (layout) => convFilter({ layout, rows, columns, quad: true, workgroup: 4 }),
  rows,
  columns: 4 * columns,
  tilesPerWorkgroup: 1,
  wanted: 16,
  allowed: (_, device) => hasQuads(device),
  preference: (g, device) => (device.software ? preference(g, device) : -2),
});

const filterRegisters = (rows: number, columns: number, preference: FilterKernel["preference"], onReal = -2): FilterKernel => ({
  name: `registers ${rows}×${columns}`,
  wgsl: (layout) => convFilter({ layout, rows, columns, quad: false, workgroup: 16 }),
  rows,
  columns,
  tilesPerWorkgroup: 16,
  wanted: 256,
  allowed: () => true,
  preference: (g, device) => (device.software ? preference(g, device) : onReal),
});

const filterKernels: readonly FilterKernel[] = [
  /* @__PURE__ */ filterQuads(8, 4, (g) => (groupOut(g) > 8 && segmentOf(g) > 4 && multiplyAdds(g) <= SMALL_WORK ? 6 : -2)),
  /* @__PURE__ */ filterQuads(16, 8, (g) => (groupOut(g) > 16 && segmentOf(g) > 8 && filterTiles(g, 16, 32) >= 8 ? 5 : -2)),
  /* @__PURE__ */ filterQuads(16, 4, (g) => (groupOut(g) > 8 && segmentOf(g) > 8 ? 4 : -2)),
  /* @__PURE__ */ filterRegisters(8, 8, (g) => (groupOut(g) > 4 && segmentOf(g) > 4 ? 3 : -2)),
  /* @__PURE__ */ filterRegisters(4, 4, () => 1, 1),
];

/*
 * Which is taken, by the highest preference. On all devices: one tap on every pixel as a product of matrices; depthwise by its own kernels;
 * into one to three channels across the source's. Else on a software GPU the largest tile that the problem fills, of quads where there are some, else of single invocations; on a real
 * GPU tiles of 64×64, or 4×4 where there are few channels. The kernels for the other kind of device are allowed (and so
 * proven) everywhere, and never preferred.
 */

const forward = ({ inputs: [x, filter], attributes }: Call<ConvAttributes>) => forwardGeometry(x.shape, filter.shape, attributes);
const backward = ({ inputs: [y, filter], attributes }: Call<InputGradientAttributes>) =>
  inputGradientGeometry(y.shape, filter.shape, attributes);
const ofFilter = ({ inputs: [x, y], attributes }: Call<ConvAttributes>) => filterGradientGeometry(x.shape, y.shape, attributes);

export const forwardKernels: readonly Variant<ConvAttributes>[] = [
  /* @__PURE__ */ productVariant(forward, {}),
  {
    name: "direct",
    allowed: (call) => isDirect(forwardGather(forward(call))),
    preference: (call, device) => directPreference(forwardGather(forward(call)), device),
    plan: (call) => lowerDirect(call, forwardGather(forward(call))),
  },
  /* @__PURE__ */ narrowVariant(forward, false),
  .../* @__PURE__ */ depthwiseVariants(forward, "y"),
  .../* @__PURE__ */ [...gatherKernels, gatherTiles].map(
    (shape): Variant<ConvAttributes> => ({
      name: shape.name,
      allowed: (call, device) => shape.allowed(forwardGather(forward(call)), device),
      preference: (call, device) => shape.preference(forwardGather(forward(call)), device),
      plan: (call) => lowerGather(call, forward(call), forwardGather(forward(call)), shape, false),
    }),
  ),
];

export const inputGradientKernels: readonly Variant<InputGradientAttributes>[] = [
  /* @__PURE__ */ productVariant(backward, { transposeB: true }),
  /* @__PURE__ */ narrowVariant(backward, true),
  .../* @__PURE__ */ depthwiseVariants(backward, "x"),
  .../* @__PURE__ */ [...gatherKernels, gatherTiles].map(
    (shape): Variant<InputGradientAttributes> => ({
      name: shape.name,
      allowed: (call, device) => shape.allowed(inputGather(backward(call)), device),
      preference: (call, device) => shape.preference(inputGather(backward(call)), device),
      plan: (call) => lowerGather(call, backward(call), inputGather(backward(call)), shape, true),
    }),
  ),
];

export const filterGradientKernels: readonly Variant<ConvAttributes>[] = [
  /* @__PURE__ */ productVariant(ofFilter, { transposeA: true }),
  {
    name: "direct",
    allowed: (call) => isDirect(forwardGather(ofFilter(call))),
    preference: (call, device) => (device.software ? directPreference(forwardGather(ofFilter(call)), device) : -2),
    plan: (call) => lowerDirectFilter(call, ofFilter(call)),
  },
  .../* @__PURE__ */ depthwiseVariants(ofFilter, "filter"),
  .../* @__PURE__ */ [...filterKernels, filterTiles64].map(
    (shape): Variant<ConvAttributes> => ({
      name: shape.name,
      allowed: (call, device) => shape.allowed(ofFilter(call), device),
      preference: (call, device) => shape.preference(ofFilter(call), device),
      plan: (call) => lowerFilter(call, ofFilter(call), shape),
    }),
  ),
];
