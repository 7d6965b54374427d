import { onDemand } from "../../graph/on-demand.ts";
import type { Call, DeviceTraits, Variant } from "../../graph/op.ts";
import { forwardGather, type Gather, inputGather } from "./gather.ts";
import { lowerNarrow } from "./narrow-plan.ts";
import type { ConvAttributes, Geometry } from "./problem.ts";

const lower = /* @__PURE__ */ onDemand(lowerNarrow);

/** A tile is mostly empty with fewer channels than its vec4 has lanes. */
const MOST_CHANNELS = 3;
/** Terms of a row of taps that may be written out. */
const MOST_TERMS = 24;

/** The gradient of x with the taps of a row as they are in the filter. */
const asInFilter = (g: Gather, { window: { padding, dilation } }: Geometry): Gather => ({
  ...g,
  rows: false,
  offset: [g.offset[0], padding[1][0]],
  tap: [g.tap[0], -dilation[1]],
});

/** Few channels come out of many: 1, 2 or 3 of the destination from a multiple of 4 of the source. */
const isNarrow = (g: Gather): boolean =>
  g.groups === 1 &&
  g.up.every((n) => n === 1) &&
  g.targetChannels <= MOST_CHANNELS &&
  g.sourceChannels > 0 &&
  g.sourceChannels % 4 === 0 &&
  g.taps[1] * g.targetChannels <= MOST_TERMS;

/** Convolution, or with `transposed` its gradient of x, into so few channels that a tile would be mostly empty. */
export function narrowVariant<A extends ConvAttributes>(geometry: (call: Call<A>) => Geometry, transposed: boolean): Variant<A> {
  const gatherOf = (g: Geometry): Gather => (transposed ? asInFilter(inputGather(g), g) : { ...forwardGather(g), rows: false });
  return {
    name: "narrow",
    allowed: (call) => isNarrow(gatherOf(geometry(call))),
    preference: (_: Call<A>, { software }: DeviceTraits) => (software ? 6.5 : 2),
    plan: (call) => lower(call, gatherOf(geometry(call)), transposed),
  };
}
