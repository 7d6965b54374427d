import { rnnSharedBytes } from "../../../shaders/rnn_shared.wgsl.ts";
import type { Call, DeviceTraits } from "../../graph/op.ts";

/** A walk is cut when it is predicted to take longer, so that no watchdog ends it … */
const LONGEST_SECONDS = 0.2;
/** … into dispatches of at least this many steps. */
const FEWEST_STEPS = 64;

/** Sizes of a walk. */
export interface WalkSizes {
  readonly steps: number;
  readonly batch: number;
  readonly hidden: number;
}

export function walkSizes(call: Call<unknown>): WalkSizes {
  const [steps, batch, hidden] = call.outputs[0].shape;
  return { steps, batch, hidden };
}

/** From this H on a walk takes one dispatch for each step: one workgroup is too small for the product of a step. */
export const STEPS_FROM = 513;

/** A tile of accumulators in registers (see shaders/rnn_walk.wgsl.ts). */
export interface WalkTile {
  readonly vector: boolean;
  readonly rows: number;
  readonly columns: number;
  readonly unroll: number;
  readonly size: number;
  readonly quad: boolean;
}

/**
 * A load costs about as much as twenty multiply-adds on a software GPU, so tiles are as large as compiles quickly: 4 rows × 2 columns (of
 * vec4s). There the invocations of a workgroup run one after another, so a walk has no use for more than four, and barriers cost
 * least.
 */
export function walkTile({ batch, hidden }: WalkSizes): Omit<WalkTile, "size"> {
  return { vector: hidden % 4 === 0, rows: batch > 2 ? 4 : 1, columns: batch > 2 ? 2 : 1, unroll: 1, quad: false };
}

/** Whether kernels may share loads in quads: on a software GPU, where workgroups are cut into quads in linear order. */
export const hasQuads = ({ software, subgroups }: DeviceTraits): boolean => software && subgroups !== undefined && subgroups.min >= 4;

/** Where the state's loads are shared by a quad those of the weights count: 8 rows × 1 column, if that leaves work for two cores. */
export function quadTile({ batch, hidden }: WalkSizes): WalkTile {
  return { vector: hidden % 4 === 0, rows: batch >= 16 ? 8 : 4, columns: hidden % 4 === 0 ? 1 : 4, unroll: 1, size: 4, quad: true };
}

/**
 * Browsers tell nothing of cores. A software GPU is taken to have two, because its tiles want many rows; a real one 32.
 */
const cores = (device: DeviceTraits): number => (device.software ? 2 : 32);

/** Batch rows of a workgroup: as many as share the weights well (16), as long as there is work for every core. */
export function walkRows({ batch }: WalkSizes, tileRows: number, device: DeviceTraits): number {
  const rows = Math.min(16, Math.floor(batch / cores(device)));
  return Math.max(1, Math.floor(rows / tileRows)) * tileRows;
}

/** Rows with the weights in registers: loading them is cheap beside a walk, so there may be two workgroups for each core. */
export const registerRows = ({ batch }: WalkSizes, device: DeviceTraits): number => Math.ceil(batch / (2 * cores(device)));

/** Registers that an invocation can spend on weights, in vec4s. */
const RESIDENT = 16;

/**
 * Rows and slices of a walk with its state in workgroup memory: workgroups of up to 256 invocations (512 where weights stay in
 * registers), sums of at least 8 terms each, and few rows, so that every core has some. Undefined: it does not fit.
 */
export function sharedTile(
  { batch, hidden }: WalkSizes,
  device: DeviceTraits,
  resident: boolean,
): { rows: number; slices: number } | undefined {
  const groups = Math.ceil(hidden / 4);
  const most = Math.min(resident ? 512 : 256, device.maxInvocations, device.maxWorkgroupSizeX);
  const slices = resident ? Math.ceil(hidden / RESIDENT) : Math.max(1, Math.min(Math.floor(most / groups), Math.ceil(hidden / 8)));
  if (groups * slices > most) return undefined;
  const wanted = Math.max(1, Math.min(4, Math.floor(batch / cores(device))));
  for (let rows = 2 ** Math.floor(Math.log2(wanted)); rows >= 1; rows /= 2)
    if (rnnSharedBytes({ hidden, rows, slices }) <= device.maxWorkgroupStorage) return { rows, slices };
  return undefined;
}

/** Batch rows from which a walk reaches the device's rate: fewer leave cores idle and share no weights. */
const FULL_BATCH = 10;

/** The walk as ranges of steps: one, unless it is predicted to be too long for one dispatch. */
export function walkChunks(
  { steps, batch, hidden }: WalkSizes,
  device: DeviceTraits,
): { readonly first: number; readonly count: number }[] {
  const rate = device.walkFlops * Math.min(1, batch / FULL_BATCH);
  const seconds = (2 * steps * batch * hidden * hidden) / rate;
  const pieces = Math.max(1, Math.ceil(seconds / LONGEST_SECONDS));
  const count = pieces === 1 ? steps : Math.max(FEWEST_STEPS, Math.ceil(steps / pieces));
  const chunks = [];
  for (let first = 0; first < steps; first += count) chunks.push({ first, count: Math.min(count, steps - first) });
  return chunks;
}
