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

/** How the tiles of a walk that reads its state from the output lie. */
export interface WalkTile {
  readonly vector: boolean;
  readonly rows: number;
  readonly columns: number;
  readonly unroll: number;
  readonly size: number;
}

/**
 * Register tiles. A load costs about as much as twenty multiply-adds on a software GPU, so 4 rows × 2 columns (of vec4s) is a good
 * trade between loads and the time that it takes to compile; a batch that is smaller gets a lower tile.
 */
export function walkTile({ batch, hidden }: WalkSizes, size: number): WalkTile {
  const vector = hidden % 4 === 0;
  const rows = batch >= 3 ? 4 : batch;
  return { vector, rows, columns: 2, unroll: vector && hidden % 8 === 0 ? 2 : 1, size };
}

/**
 * Batch rows of a workgroup: as many as share the weights well (16), as long as there is work for every core. Browsers tell
 * nothing of cores: a software GPU is taken to have four, a real one 32.
 */
export function walkRows({ batch }: WalkSizes, tileRows: number, device: DeviceTraits): number {
  const cores = device.software ? 4 : 32;
  const rows = Math.min(16, Math.floor(batch / cores));
  return Math.max(1, Math.floor(rows / tileRows)) * tileRows;
}

/** The walk as ranges of steps: one, unless it is predicted to be too long for one dispatch. */
export function walkChunks(
  { steps, batch, hidden }: WalkSizes,
  device: DeviceTraits,
): { readonly first: number; readonly count: number }[] {
  const seconds = (2 * steps * batch * hidden * hidden) / device.walkFlops;
  const pieces = Math.max(1, Math.ceil(seconds / LONGEST_SECONDS));
  const count = pieces === 1 ? steps : Math.max(FEWEST_STEPS, Math.ceil(steps / pieces));
  const chunks = [];
  for (let first = 0; first < steps; first += count) chunks.push({ first, count: Math.min(count, steps - first) });
  return chunks;
}
