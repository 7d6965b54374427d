import { lenetBatch, lenetWeights } from "../../data.ts";

/** What a cold page tells: milliseconds from the start of the navigation to the first result, and to the ends of the parts. */
export interface Cold {
  readonly ms: number;
  readonly parts: readonly { readonly name: string; readonly ms: number }[];
  readonly logits: readonly number[];
  /** What the page loaded. */
  readonly files: readonly string[];
}

const started = performance.now();

/** Runs a page's one forward pass of LeNet. `ready` is called when the device is. */
export function cold(
  first: (
    inputs: { x: ReturnType<typeof lenetBatch>["x"]; weights: ReturnType<typeof lenetWeights> },
    ready: () => void,
  ) => Promise<ArrayLike<number>>,
): void {
  const measure = async (): Promise<Cold> => {
    let device = 0;
    const logits = await first({ x: lenetBatch(1000).x, weights: lenetWeights() }, () => {
      device = performance.now();
    });
    const ms = performance.now();
    const parts = [
      { name: "script", ms: started },
      { name: "device", ms: device - started },
      { name: "compile and first result", ms: ms - device },
    ];
    const files = performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname);
    return { ms, parts, logits: [...Array.from(logits)], files };
  };
  Object.assign(window, { cold: measure() });
}
