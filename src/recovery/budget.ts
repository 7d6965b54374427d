/** How long to try again after devices were lost. Times in milliseconds. */
export interface RecoveryLimits {
  /** A device that is lost within this time after its creation died young. Default 10,000. */
  readonly youngMs?: number;
  /** So many devices in a row that died young end the recovery. Default 3. */
  readonly youngDeaths?: number;
  /** The wait before the first new device; each further one in a row waits twice as long. Default 100. */
  readonly firstDelayMs?: number;
  /**
   * How long to ask for an adapter that is refused. Chrome refuses for two minutes after the GPU
   * process crashed twice. Default 180,000.
   */
  readonly refusedMs?: number;
}

/** No wait is longer than this. */
const LONGEST_DELAY_MS = 30_000;

/** Counts devices that died young. Knows no device: only times. */
export class RecoveryBudget {
  readonly limits: Required<RecoveryLimits>;
  readonly #now: () => number;
  #born: number;
  #young = 0;

  constructor(limits: RecoveryLimits = {}, now: () => number = () => performance.now()) {
    this.limits = { youngMs: 10_000, youngDeaths: 3, firstDelayMs: 100, refusedMs: 180_000, ...limits };
    this.#now = now;
    this.#born = now();
  }

  /** A device was made. */
  born(): void {
    this.#born = this.#now();
  }

  /** A device was lost. Gives the wait before the next one in milliseconds, or undefined when the budget is spent. */
  died(): number | undefined {
    this.#young = this.#now() - this.#born < this.limits.youngMs ? this.#young + 1 : 0;
    return this.#young >= this.limits.youngDeaths ? undefined : this.delay(Math.max(0, this.#young - 1));
  }

  /** The wait before try `number` (0, 1, …): doubles from try to try. */
  delay(number: number): number {
    return Math.min(LONGEST_DELAY_MS, this.limits.firstDelayMs * 2 ** number);
  }
}
