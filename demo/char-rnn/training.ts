import { nextFrame } from "../dom.ts";
import type { Session } from "./session.ts";

/** Milliseconds of an animation frame that go into handing work to the GPU; the rest is the page's. */
const FRAME_BUDGET = 9;
/** The part of the time that writing may take; each character has to come back from the GPU before the next. */
const WRITING_SHARE = 0.25;
const MAX_CHARACTERS_PER_FRAME = 20;
/** Characters that it writes before it has learned anything, to begin with. */
const FIRST_CHARACTERS = 120;
const READ_EVERY_STEPS = 4;
const READ_EVERY_MS = 100;

export interface LoopEvents {
  /** After each frame. */
  frame(): void;
  /** The network wrote these characters. */
  wrote(characters: string): void;
  /** Training cannot go on. */
  failed(error: unknown): void;
}

/**
 * Trains a session in slices: some steps per animation frame, then a few characters of writing, then the page has its turn. Loss and
 * norm are read back only every few steps; all other steps leave their results on the GPU.
 */
export class TrainingLoop {
  temperature = 0.7;
  readonly #session: Session;
  readonly #events: LoopEvents;
  #running = false;
  #finished: Promise<void> = Promise.resolve();
  #sinceRead = 0;
  #lastRead = 0;

  constructor(session: Session, events: LoopEvents) {
    this.#session = session;
    this.#events = events;
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
        this.#events.failed(error);
      });
  }

  /** Resolves when the last step is done. */
  async pause(): Promise<void> {
    this.#running = false;
    await this.#finished;
  }

  async #run(): Promise<void> {
    for (let i = 0; this.#session.step === 0 && i < FIRST_CHARACTERS; i += MAX_CHARACTERS_PER_FRAME) {
      await this.#write(Infinity);
      await nextFrame();
    }
    let last = performance.now();
    while (this.#running) {
      const begin = performance.now();
      do await this.#session.train(this.#readNow());
      while (this.#running && performance.now() - begin < FRAME_BUDGET);
      await this.#write(WRITING_SHARE * (begin - last));
      this.#events.frame();
      last = begin;
      await nextFrame();
    }
  }

  /** Writes at least one character, and more for about `milliseconds`. */
  async #write(milliseconds: number): Promise<void> {
    if (!this.#running) return;
    // The first character waits for the steps before it; that time is not lost.
    let written = await this.#session.nextCharacter(this.temperature);
    const begin = performance.now();
    for (let i = 1; this.#running && i < MAX_CHARACTERS_PER_FRAME && performance.now() - begin < milliseconds; i++)
      written += await this.#session.nextCharacter(this.temperature);
    this.#events.wrote(written);
  }

  #readNow(): boolean {
    const now = performance.now();
    if (++this.#sinceRead < READ_EVERY_STEPS || now - this.#lastRead < READ_EVERY_MS) return this.#session.step === 0;
    this.#sinceRead = 0;
    this.#lastRead = now;
    return true;
  }
}
