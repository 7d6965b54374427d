import { nextFrame } from "./dom.ts";

/** Milliseconds of an animation frame that go into handing work to the GPU; the rest is the page's. */
const FRAME_BUDGET = 9;

/** What a loop does in its slices. */
export interface LoopWork {
  /** Once, before the first frame of a run. */
  begin?(): Promise<void>;
  /** One step of training. */
  step(): Promise<void>;
  /** After the steps of a frame. The frame before took `milliseconds`. */
  afterSteps?(milliseconds: number): Promise<void>;
  /** After each frame. */
  frame(): void;
  /** Nobody looks: nothing is computed until this is false. */
  unseen?(): boolean;
  /** It cannot go on. */
  failed(error: unknown): void;
}

/** Runs work in slices: some steps per animation frame, then the page has its turn. */
export class FrameLoop {
  readonly #work: LoopWork;
  #running = false;
  #finished: Promise<void> = Promise.resolve();

  constructor(work: LoopWork) {
    this.#work = work;
  }

  get running(): boolean {
    return this.#running;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#finished = this.#finished
      .then(() => this.#run())
      .catch((error: unknown) => {
        this.#running = false;
        this.#work.failed(error);
      });
  }

  /** Resolves when the last step is done. */
  async pause(): Promise<void> {
    this.#running = false;
    await this.#finished;
  }

  async #run(): Promise<void> {
    await this.#work.begin?.();
    let last = performance.now();
    while (this.#running) {
      const begin = performance.now();
      if (!this.#work.unseen?.()) {
        do await this.#work.step();
        while (this.#running && performance.now() - begin < FRAME_BUDGET);
        await this.#work.afterSteps?.(begin - last);
        this.#work.frame();
      }
      last = begin;
      await nextFrame();
    }
  }
}

/** Says which steps are read back: every few, and not too many in a second. All others leave their results on the GPU. */
export class ReadingPace {
  readonly #steps: number;
  readonly #milliseconds: number;
  #since = 0;
  #last = 0;

  constructor(steps: number, milliseconds: number) {
    this.#steps = steps;
    this.#milliseconds = milliseconds;
  }

  /** Whether to read the next step, where `done` were made. The first is always read. */
  next(done: number): boolean {
    const now = performance.now();
    if (++this.#since < this.#steps || now - this.#last < this.#milliseconds) return done === 0;
    this.#since = 0;
    this.#last = now;
    return true;
  }
}
