import { UnrollError } from "../../errors.ts";

/** Seconds that a runtime may stay silent, unless --timeout says otherwise; and the most of them that a start may take. */
export const TIMEOUT = 300;
export const START_TIMEOUT = 60;

/** Waits for something that may never answer. */
export class Patience {
  readonly #ms: number;
  #timer: NodeJS.Timeout | undefined;
  #reset: (() => void) | undefined;

  /** @param seconds 0 waits for ever */
  constructor(seconds: number) {
    this.#ms = 1000 * seconds;
  }

  /** It said something: the time begins again. */
  heard(): void {
    this.#reset?.();
  }

  /** @throws UnrollError `missing` when nothing was heard for that long. */
  async wait<T>(work: Promise<T>, what: string): Promise<T> {
    if (!(this.#ms > 0)) return work;
    work.catch(() => {}); // it fails when what it waits for is ended
    try {
      return await new Promise<T>((resolve, reject) => {
        const tell = () => reject(new UnrollError("missing", `${what} within ${this.#ms / 1000} s; --timeout SECONDS gives it longer`));
        this.#reset = () => {
          clearTimeout(this.#timer);
          this.#timer = setTimeout(tell, Math.min(this.#ms, 2 ** 31 - 1));
        };
        this.#reset();
        work.then(resolve, reject);
      });
    } finally {
      clearTimeout(this.#timer);
      this.#reset = undefined;
    }
  }
}
