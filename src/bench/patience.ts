import { UnrollError } from "../errors.ts";
import type { Gpu } from "../gpu/gpu.ts";

/** A row that does not answer for so long has hung the device: a kernel that never ends, for one. */
export const PATIENCE_MS = 180_000;

/** @throws UnrollError `lost` when `work` takes longer than `ms`. */
export async function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new UnrollError("lost", `${what}: no answer within ${ms / 1000} s; is there a kernel that does not end?`)),
      ms,
    );
  });
  work.catch(() => {}); // it may fail later, when nobody waits for it
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** How long a failure waits for the news that the device was lost. */
const LOSS_DELAY_MS = 200;

/**
 * Throws the loss of the device where that caused `error`: mappings fail a moment before the device
 * says that it is lost, with errors that do not name the reason.
 */
export async function throwLoss(gpu: Gpu, error: unknown): Promise<void> {
  if (!(error instanceof UnrollError)) await Promise.race([gpu.ended, new Promise((resolve) => setTimeout(resolve, LOSS_DELAY_MS))]);
  gpu.assertUsable();
}
