import { check } from "../errors.ts";

/** What a call that has to wait keeps of its caller's data. */
export interface Kept {
  readonly bytes: number;
  /** Copies what the caller may change as soon as the call returns. */
  copy(): void;
}

interface Turn {
  readonly ready: () => boolean;
  readonly go: () => void;
}

/** Bytes that calls may keep while they wait. */
export const MAX_QUEUED_BYTES = 256 * 2 ** 20;

/**
 * The queue of an engine. It lets work through in the order of the calls: at once where nothing waits, else as soon as all before it
 * went.
 */
export class Turns {
  readonly #waiting: Turn[] = [];
  readonly #limit: number;
  #bytes = 0;
  #ended = false;

  /** @param limit bytes that waiting calls may keep together */
  constructor(limit = MAX_QUEUED_BYTES) {
    this.#limit = limit;
  }

  /** Whether nothing waits: what is done now is in order. */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /**
   * Does `work` once it is `ready` and nothing that came before still waits. Without waiting its result comes back directly. After `end`
   * nothing waits any more: `work` finds out by itself that nothing can run.
   * @param keep called only where the work must wait
   * @throws UnrollError `limit` when too much waits already
   */
  take<T>(ready: () => boolean, work: () => T, keep?: () => Kept): T | Promise<T> {
    if (this.#waiting.length === 0 && (this.#ended || ready())) return work();
    const kept = keep?.();
    const bytes = kept?.bytes ?? 0;
    // One call alone may be larger: it could never run else.
    check(
      this.#bytes === 0 || this.#bytes + bytes <= this.#limit,
      "limit",
      () =>
        `the calls that wait for their turn hold ${this.#bytes} bytes, and this one needs ${bytes} more; the engine's option maxQueuedBytes allows ${this.#limit}. Await each call before you make many more`,
    );
    kept?.copy();
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      const go = () => {
        this.#bytes -= bytes;
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      };
      this.#waiting.push({ ready, go });
    });
  }

  /** To be called when something may have become ready. */
  advance(): void {
    while (this.#waiting.length > 0 && (this.#ended || this.#waiting[0].ready())) this.#waiting.shift()?.go();
  }

  /** To be called when the engine can be used no more: all that waits goes now, and fails. */
  end(): void {
    this.#ended = true;
    this.advance();
  }
}
