import { rnnRegistersShader } from "../../../shaders/rnn_registers.wgsl.ts";
import { rnnSharedShader } from "../../../shaders/rnn_shared.wgsl.ts";
import { rnnWalkShader } from "../../../shaders/rnn_walk.wgsl.ts";
import type { Call, Variant } from "../../graph/op.ts";
import type { WalkAttributes } from "./check.ts";
import { stepDispatches, walkDispatches, walkKernel, walkOptions } from "./lower.ts";
import { hasQuads, quadTile, registerRows, STEPS_FROM, sharedTile, type WalkTile, walkRows, walkSizes, walkTile } from "./rules.ts";

type WalkVariant = Variant<WalkAttributes>;

/** Whether there is a first state that is not 0. Backwards there never is. */
const hasStart = (backward: boolean, call: Call<unknown>): boolean => !backward && call.inputs.length > 2;

/** The state may take the addend's buffer where there is much to save, unless that is also read as something else. */
const takesAddend = (call: Call<unknown>): readonly number[] =>
  walkSizes(call).hidden <= 64 || call.inputs.slice(1).includes(call.inputs[0]) ? [] : [0];

/** A variant that parks the first state in the last step's place of the output: that place must be free, and not the first one. */
function parking(backward: boolean, variant: Omit<WalkVariant, "inPlace">): WalkVariant {
  return {
    ...variant,
    allowed: (call, device) => !(hasStart(backward, call) && walkSizes(call).steps === 1) && variant.allowed(call, device),
    inPlace: (call) => (hasStart(backward, call) ? [] : takesAddend(call)),
  };
}

/** The weights in registers; state from the output. For small H on a software GPU. */
const registers = (backward: boolean): WalkVariant =>
  parking(backward, {
    name: "registers",
    allowed: (call, device) => device.software && walkSizes(call).hidden <= 64,
    preference: () => 4,
    plan(call, device, inPlace) {
      const sizes = walkSizes(call);
      const rows = registerRows(sizes, device);
      const options = {
        ...walkOptions(call, backward, hasStart(backward, call) ? "last" : "zero", inPlace !== undefined),
        hidden: sizes.hidden,
        columns: 4,
        quad: hasQuads(device),
      } as const;
      return walkDispatches(walkKernel("registers", rnnRegistersShader(options), options), call, device, rows);
    },
  });

/** Tiles of rows, weights streamed, state from the output. */
function streamedPlan(backward: boolean, tile: WalkTile, ...[call, device, inPlace]: Parameters<WalkVariant["plan"]>) {
  const rows = walkRows(walkSizes(call), tile.rows, device);
  const options = {
    ...walkOptions(call, backward, hasStart(backward, call) ? "last" : "zero", inPlace !== undefined),
    mode: "walk",
    ...tile,
  } as const;
  return walkDispatches(walkKernel("walk", rnnWalkShader(options), options), call, device, rows);
}

/** With loads shared in quads: the best for H > 64 on a software GPU. */
const quads = (backward: boolean): WalkVariant =>
  parking(backward, {
    name: "quads",
    allowed: (call, device) => hasQuads(device) && walkSizes(call).batch > 2,
    preference: () => 3,
    plan: (call, device, inPlace) => streamedPlan(backward, quadTile(walkSizes(call)), call, device, inPlace),
  });

const streamed = (backward: boolean): WalkVariant =>
  parking(backward, {
    name: "streamed",
    allowed: (_, device) => device.software,
    preference: () => 2,
    plan: (call, device, inPlace) => streamedPlan(backward, { ...walkTile(walkSizes(call)), size: 4 }, call, device, inPlace),
  });

/** State in workgroup memory, for real GPUs; with `resident` the weights stay in registers. */
const shared = (backward: boolean, resident: boolean): WalkVariant => ({
  name: resident ? "on chip" : "shared",
  allowed: (call, device) => !device.software && sharedTile(walkSizes(call), device, resident) !== undefined,
  preference: () => (resident ? 6 : 5),
  inPlace: takesAddend,
  plan(call, device, inPlace) {
    const sizes = walkSizes(call);
    const tile = sharedTile(sizes, device, resident) as { rows: number; slices: number };
    const options = {
      ...walkOptions(call, backward, hasStart(backward, call) ? "start" : "zero", inPlace !== undefined),
      hidden: sizes.hidden,
      resident,
      ...tile,
    } as const;
    return walkDispatches(walkKernel(resident ? "on chip" : "shared", rnnSharedShader(options), options), call, device, tile.rows);
  },
});

/** One dispatch for each step: where one workgroup cannot feed the GPU, and where nothing else fits. */
const steps = (backward: boolean): WalkVariant => ({
  name: "steps",
  allowed: () => true,
  preference: (call) => (walkSizes(call).hidden >= STEPS_FROM ? 9 : 0),
  inPlace: takesAddend,
  plan: (call, device, inPlace) => ({
    dispatches: stepDispatches(call, device, backward, hasStart(backward, call), inPlace !== undefined),
  }),
});

/** The ways to walk, forward or backward. */
export const walkVariants = (backward: boolean): readonly WalkVariant[] => [
  registers(backward),
  quads(backward),
  streamed(backward),
  shared(backward, true),
  shared(backward, false),
  steps(backward),
];
