import { type WalkFunction, walkBindings, walkParams } from "../../../shaders/lib/rnn.wgsl.ts";
import { rnnWalkShader } from "../../../shaders/rnn_walk.wgsl.ts";
import { type Binding, type Kernel, kernel, read, readWrite, write } from "../../graph/kernel.ts";
import type { Call, DeviceTraits, Dispatch, Lowering, Operand } from "../../graph/op.ts";
import { foldGrid } from "../grid.ts";
import type { WalkAttributes } from "./check.ts";
import { hasQuads, quadTile, walkChunks, walkSizes, walkTile } from "./rules.ts";

/** What all kernels of a walk need to know of the call. */
export function walkOptions<Start extends WalkFunction["start"]>(
  { attributes: { activation } }: Call<WalkAttributes>,
  backward: boolean,
  start: Start,
  inPlace: boolean,
): WalkFunction & { readonly start: Start } {
  return {
    backward,
    start,
    inPlace,
    library: backward ? "" : (activation.wgslLibrary ?? ""),
    expression: backward ? (activation.wgslDerivative as string) : activation.wgsl,
  };
}

export function walkKernel(name: string, source: string, options: WalkFunction): Kernel {
  const bindings: Record<string, Binding> = {};
  for (const binding of walkBindings(options))
    bindings[binding] = binding !== "state" ? read("f32") : options.inPlace ? readWrite("f32") : write("f32");
  return kernel({
    name: `rnn ${name}${options.backward ? " backward" : ""}`,
    wgsl: source,
    bindings,
    params: Object.fromEntries(walkParams.map((param) => [param, "u32"])),
  });
}

/** What the bindings of a walk's kernel stand for, forward and backward. */
function operands({ bindings, name }: Kernel): Record<string, Operand> {
  const all: Record<string, Operand> = name.endsWith("backward")
    ? { addend: { input: 0 }, outputs: { input: 1 }, weights: { input: 2 }, state: { output: 0 } }
    : { addend: { input: 0 }, weights: { input: 1 }, start: { input: 2 }, state: { output: 0 } };
  return Object.fromEntries(Object.keys(bindings).map((binding) => [binding, all[binding]]));
}

/** One workgroup for each `rows` rows, over all steps, cut where that would take too long. */
export function walkDispatches(walk: Kernel, call: Call<WalkAttributes>, device: DeviceTraits, rows: number): Lowering {
  const sizes = walkSizes(call);
  const bindings = operands(walk);
  const workgroups = foldGrid(Math.ceil(sizes.batch / rows));
  return {
    dispatches: walkChunks(sizes, device).map((chunk) => ({ kernel: walk, bindings, params: { ...sizes, ...chunk, rows }, workgroups })),
  };
}

/** One dispatch for each step. */
export function stepDispatches(
  call: Call<WalkAttributes>,
  device: DeviceTraits,
  backward: boolean,
  hasStart: boolean,
  inPlace: boolean,
): Dispatch[] {
  const sizes = walkSizes(call);
  const tile = hasQuads(device) && sizes.batch > 2 ? quadTile(sizes) : { ...walkTile(sizes), size: 64 };
  const columns = (tile.vector ? 4 : 1) * (tile.quad ? 4 : 1) * tile.columns;
  const tiles = Math.ceil(sizes.batch / tile.rows) * Math.ceil(sizes.hidden / columns);
  const made = (start: WalkFunction["start"]) => {
    const options = { ...walkOptions(call, backward, start, inPlace), mode: "step", ...tile } as const;
    const step = walkKernel("step", rnnWalkShader(options), options);
    return { kernel: step, bindings: operands(step) };
  };
  const later = made("zero");
  const first = hasStart ? made("start") : later;
  return Array.from({ length: sizes.steps }, (_, index) => ({
    ...(index === 0 ? first : later),
    params: { ...sizes, first: index, count: 1, rows: sizes.batch },
    workgroups: foldGrid(Math.ceil((tiles * (tile.quad ? 4 : 1)) / tile.size)),
  }));
}
