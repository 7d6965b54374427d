import { nextFrame } from "../shared/dom.ts";
import { FrameLoop, ReadingPace } from "../shared/loop.ts";
import type { Session } from "./session.ts";

/** The part of the time that writing may take; each character has to come back from the GPU before the next. */
const WRITING_SHARE = 0.25;
const MAX_CHARACTERS_PER_FRAME = 20;
/** Characters that it writes before it has learned anything, to begin with. */
const FIRST_CHARACTERS = 120;

export interface LoopEvents {
  /** After each frame. */
  frame(): void;
  /** The network wrote these characters. */
  wrote(characters: string): void;
  /** Whether the tab is out of view. */
  unseen(): boolean;
  /** Training cannot go on. */
  failed(error: unknown): void;
}

/** Trains a session: some steps per animation frame, then a few characters of writing. */
export class TrainingLoop extends FrameLoop {
  temperature = 0.7;
  readonly #session: Session;
  readonly #events: LoopEvents;

  constructor(session: Session, events: LoopEvents) {
    const pace = new ReadingPace(4, 100);
    super({
      begin: () => this.#writeFirst(),
      step: () => session.train(pace.next(session.step)),
      afterSteps: (milliseconds) => this.#write(WRITING_SHARE * milliseconds),
      frame: () => events.frame(),
      unseen: () => events.unseen(),
      failed: (error) => events.failed(error),
    });
    this.#session = session;
    this.#events = events;
  }

  async #writeFirst(): Promise<void> {
    for (let i = 0; this.#session.step === 0 && i < FIRST_CHARACTERS; i += MAX_CHARACTERS_PER_FRAME) {
      await this.#write(Infinity);
      await nextFrame();
    }
  }

  /** Writes at least one character, and more for about `milliseconds`. */
  async #write(milliseconds: number): Promise<void> {
    if (!this.running) return;
    // The first character waits for the steps before it; that time is not lost.
    let written = await this.#session.nextCharacter(this.temperature);
    const begin = performance.now();
    for (let i = 1; this.running && i < MAX_CHARACTERS_PER_FRAME && performance.now() - begin < milliseconds; i++)
      written += await this.#session.nextCharacter(this.temperature);
    this.#events.wrote(written);
  }
}
