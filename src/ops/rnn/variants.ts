import { type RnnWalkOptions, rnnWalkBindings, rnnWalkParams, rnnWalkShader } from "../../../shaders/rnn_walk.wgsl.ts";
import { type Binding, type Kernel, kernel, read, readWrite, write } from "../../graph/kernel.ts";
import type { Activation, Call, DeviceTraits, Dispatch, Lowering, Operand, Variant } from "../../graph/op.ts";
import { foldGrid } from "../grid.ts";
import type { WalkAttributes } from "./check.ts";
import { walkChunks, walkRows, walkSizes, walkTile } from "./rules.ts";

/** The piece of WGSL that a walk applies to its sums. */
export function walkActivation(
  { wgsl, wgslDerivative, wgslLibrary }: Activation,
  backward: boolean,
): Pick<RnnWalkOptions, "backward" | "library" | "expression"> {
  return backward
    ? { backward, library: "", expression: wgslDerivative as string }
    : { backward, library: wgslLibrary ?? "", expression: wgsl };
}

/** What the names of a walk's bindings stand for, forward and backward. */
function operands(names: readonly string[], backward: boolean): Record<string, Operand> {
  const all: Record<string, Operand> = backward
    ? { addend: { input: 0 }, outputs: { input: 1 }, weights: { input: 2 }, state: { output: 0 } }
    : { addend: { input: 0 }, weights: { input: 1 }, start: { input: 2 }, state: { output: 0 } };
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

function walkKernel(name: string, activation: Activation, options: Omit<RnnWalkOptions, "library" | "expression">): Kernel {
  const bindings: Record<string, Binding> = {};
  for (const binding of rnnWalkBindings(options))
    bindings[binding] = binding !== "state" ? read("f32") : options.inPlace ? readWrite("f32") : write("f32");
  return kernel({
    name,
    wgsl: rnnWalkShader({ ...options, ...walkActivation(activation, options.backward) }),
    bindings,
    params: Object.fromEntries(rnnWalkParams.map((param) => [param, "u32"])),
  });
}

/** Invocations of a workgroup: on a software GPU they run one after another, so a barrier costs least with a few. */
const workgroupSize = (device: DeviceTraits): number => (device.software ? 16 : 64);

/** One dispatch for each step `first` … `first + count − 1`. */
function stepDispatches(backward: boolean, call: Call<WalkAttributes>, steps: number, inPlace: boolean): Dispatch[] {
  const sizes = walkSizes(call);
  const tile = walkTile(sizes, 64);
  const hasStart = !backward && call.inputs.length > 2;
  const tiles = Math.ceil(sizes.batch / tile.rows) * Math.ceil(sizes.hidden / (tile.vector ? 4 : 1) / tile.columns);
  const made = (start: RnnWalkOptions["start"]) => {
    const options = { backward, mode: "step", start, inPlace, ...tile } as const;
    const name = backward ? "rnn step backward" : "rnn step";
    return { kernel: walkKernel(name, call.attributes.activation, options), bindings: operands(rnnWalkBindings(options), backward) };
  };
  const later = made("zero");
  const first = hasStart ? made("start") : later;
  return Array.from({ length: steps }, (_, index) => ({
    ...(index === 0 ? first : later),
    params: { ...sizes, first: index, count: 1, rows: sizes.batch },
    workgroups: foldGrid(Math.ceil(tiles / tile.size)),
  }));
}

const replaced = (call: Call<unknown>): readonly number[] =>
  // The addend's place is taken by the state, unless h0 needs a free place for a while or the addend is also read as something else.
  call.inputs.slice(1).includes(call.inputs[0]) ? [] : [0];

const streamed = (backward: boolean): Variant<WalkAttributes> => ({
  name: "streamed",
  allowed: () => true,
  preference: (call) => (walkSizes(call).hidden > 512 ? 0 : 1),
  inPlace: (call) => (!backward && call.inputs.length > 2 ? [] : replaced(call)),
  plan(call, device, inPlace): Lowering {
    const sizes = walkSizes(call);
    const hasStart = !backward && call.inputs.length > 2;
    // A walk of one step has no free place for h0.
    if (hasStart && sizes.steps === 1) return { dispatches: stepDispatches(backward, call, 1, false) };
    const tile = walkTile(sizes, workgroupSize(device));
    const rows = walkRows(sizes, tile.rows, device);
    const options = { backward, mode: "walk", start: hasStart ? "last" : "zero", inPlace: inPlace !== undefined, ...tile } as const;
    const walk = walkKernel(backward ? "rnn walk backward" : "rnn walk", call.attributes.activation, options);
    const bindings = operands(rnnWalkBindings(options), backward);
    const workgroups = foldGrid(Math.ceil(sizes.batch / rows));
    return {
      dispatches: walkChunks(sizes, device).map((chunk) => ({ kernel: walk, bindings, params: { ...sizes, ...chunk, rows }, workgroups })),
    };
  },
});

const steps = (backward: boolean): Variant<WalkAttributes> => ({
  name: "steps",
  allowed: () => true,
  preference: (call) => (walkSizes(call).hidden > 512 ? 1 : 0),
  inPlace: replaced,
  plan: (call, _, inPlace) => ({
    dispatches: stepDispatches(backward, call, walkSizes(call).steps, inPlace !== undefined),
  }),
});

/** The ways to walk, forward or backward. */
export const walkVariants = (backward: boolean): readonly Variant<WalkAttributes>[] => [streamed(backward), steps(backward)];
