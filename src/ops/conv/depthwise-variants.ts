import { onDemand } from "../../graph/on-demand.ts";
import type { Call, Variant } from "../../graph/op.ts";
import { type Into, inStrips, isDepthwise } from "./depthwise.ts";
import { lowerDepthwise } from "./depthwise-plan.ts";
import type { ConvAttributes, Geometry } from "./problem.ts";

const lower = /* @__PURE__ */ onDemand(lowerDepthwise);

/** For depthwise convolutions, and which of their tensors is computed: down strips where that is possible, else tap by tap. */
export const depthwiseVariants = <A extends ConvAttributes>(geometry: (call: Call<A>) => Geometry, into: Into): readonly Variant<A>[] => [
  {
    name: "depthwise strips",
    allowed: (call) => isDepthwise(geometry(call)) && inStrips(geometry(call), into),
    preference: () => 8,
    plan: (call, device) => lower(call, geometry(call), into, "strips", device),
  },
  {
    name: "depthwise taps",
    allowed: (call) => isDepthwise(geometry(call)),
    preference: () => 7,
    plan: (call, device) => lower(call, geometry(call), into, "taps", device),
  },
];
