interface Turn {
  readonly ready: () => boolean;
  readonly go: () => void;
}

/** Lets work through in the order in which it came: at once where nothing waits, else as soon as all before it went. */
export class Turns {
  readonly #waiting: Turn[] = [];

  /** Whether nothing waits: what is done now is in order. */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Does `work` once it is `ready` and nothing that came before still waits. Without waiting its result comes back directly. */
  take<T>(ready: () => boolean, work: () => T): T | Promise<T> {
    if (this.#waiting.length === 0 && ready()) return work();
    return new Promise((resolve, reject) => {
      const go = () => {
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
    while (this.#waiting[0]?.ready()) this.#waiting.shift()?.go();
  }
}
