import { find } from "./dom.ts";
import type { FrameLoop } from "./loop.ts";

/** What is started, paused and reset. */
export interface RunCardOptions {
  /** Makes everything anew: a network that has learned nothing. */
  readonly rebuild: () => Promise<void>;
  /** What trains now, with the steps it has made; undefined while nothing can. */
  readonly current: () => { readonly loop: FrameLoop; readonly step: number } | undefined;
  /** Training goes on after a pause. */
  readonly resumed: () => void;
}

/** The buttons Start and Reset, the learning rate and the line of status: everything that changes a run waits for its turn here. */
export class RunCard {
  /** Called with the learning rate whenever it changes. */
  onRate: (rate: number) => void = () => {};
  readonly #panel: HTMLElement;
  readonly #options: RunCardOptions;
  readonly #start: HTMLButtonElement;
  readonly #status: HTMLElement;
  readonly #rate: HTMLInputElement;
  /** The user wants it to learn: it goes on after whatever has to pause it. */
  #wanted = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(panel: HTMLElement, options: RunCardOptions) {
    const part = <E extends Element>(id: string, type: new () => E): E => find(panel, `[data-id="${id}"]`, type);
    this.#panel = panel;
    this.#options = options;
    this.#start = part("start", HTMLButtonElement);
    this.#status = part("status", HTMLElement);
    this.#rate = part("rate", HTMLInputElement);
    find(panel, "form", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
    this.#start.addEventListener("click", () => this.#toggle());
    part("reset", HTMLButtonElement).addEventListener("click", () => {
      this.#wanted = false;
      this.enqueue("Starting anew …", options.rebuild);
    });
    this.#rate.addEventListener("input", () => this.#showRate());
  }

  begin(): void {
    this.#showRate();
    this.enqueue("Preparing the kernels …", this.#options.rebuild);
  }

  get rate(): number {
    return 10 ** Number(this.#rate.value);
  }

  /** Runs `work` with training paused, and goes on afterwards if that is wanted. */
  enqueue(message: string, work: () => Promise<void>): void {
    this.#queue = this.#queue.then(async () => {
      this.#say(message);
      this.#busy(true);
      await this.#options.current()?.loop.pause();
      try {
        await work();
        this.#say((this.#options.current()?.step ?? 0) > 0 ? "Paused." : "Ready. Press Start.");
        if (this.#wanted) this.#run();
      } catch (error) {
        this.fail(error);
      }
      this.#busy(false);
    });
  }

  /** Says why something was not taken. What trains goes on. */
  refuse(reason: string): void {
    // After what is under way, which says something of its own when it is done.
    this.#queue = this.#queue.then(() => {
      this.#say(reason);
      this.#status.classList.add("error");
    });
  }

  fail(error: unknown): void {
    this.#wanted = false;
    this.#start.textContent = "Start";
    this.#status.textContent = `${error instanceof Error ? error.message : String(error)} Press Reset to begin anew.`;
    this.#status.classList.add("error");
  }

  #toggle(): void {
    this.#wanted = !this.#wanted;
    if (this.#wanted) this.#run();
    else this.enqueue("Pausing …", async () => {});
  }

  #run(): void {
    const current = this.#options.current();
    if (!current) return;
    this.#options.resumed();
    current.loop.start();
    this.#start.textContent = "Pause";
    this.#say("Learning.");
  }

  #say(message: string): void {
    this.#status.textContent = message;
    this.#status.classList.remove("error");
  }

  #busy(busy: boolean): void {
    const current = this.#options.current();
    this.#panel.setAttribute("aria-busy", String(busy));
    this.#start.disabled = busy || !current;
    if (!current?.loop.running) this.#start.textContent = current && current.step > 0 ? "Go on" : "Start";
  }

  #showRate(): void {
    const text = this.rate.toPrecision(2);
    find(this.#panel, '[data-id="rate-value"]', HTMLElement).textContent = text;
    this.#rate.setAttribute("aria-valuetext", text);
    this.onRate(this.rate);
  }
}
