import { count, find } from "../dom.ts";
import type { Tab } from "../tabs.ts";
import { bundledCorpus, type Corpus, readCorpus } from "./corpus.ts";
import { acceptDrops } from "./drop.ts";
import { Figures } from "./figures.ts";
import panelHtml from "./panel.html?raw";
import { PictureCard } from "./picture-card.ts";
import { Session, type Sizes } from "./session.ts";
import { TrainingLoop } from "./training.ts";
import { Writing } from "./writing.ts";

/** The tab in which a recurrent network learns to write. `showAdapter` gets the name of the GPU that is used. */
export const charRnnTab = (showAdapter: (name: string) => void): Tab => ({
  id: "char-rnn",
  title: "Character RNN",
  mount: (panel) => new CharRnn(panel, showAdapter).begin(),
});

class CharRnn {
  readonly #start: HTMLButtonElement;
  readonly #reset: HTMLButtonElement;
  readonly #rate: HTMLInputElement;
  readonly #temperature: HTMLInputElement;
  readonly #selects: Readonly<Record<keyof Sizes, HTMLSelectElement>>;
  readonly #status: HTMLElement;
  readonly #panel: HTMLElement;
  readonly #figures: Figures;
  readonly #writing: Writing;
  readonly #picture: PictureCard;
  readonly #showAdapter: (name: string) => void;
  #corpus: Corpus = bundledCorpus();
  #session: Session | undefined;
  #loop: TrainingLoop | undefined;
  /** The user wants it to learn: it goes on after whatever has to pause it. */
  #wanted = false;
  /** Everything that builds or drops a session waits here for what came before it. */
  #queue: Promise<void> = Promise.resolve();

  constructor(panel: HTMLElement, showAdapter: (name: string) => void) {
    panel.innerHTML = panelHtml;
    const part = <E extends Element>(id: string, type: new () => E): E => find(panel, `[data-id="${id}"]`, type);
    this.#panel = panel;
    this.#showAdapter = showAdapter;
    this.#start = part("start", HTMLButtonElement);
    this.#reset = part("reset", HTMLButtonElement);
    this.#rate = part("rate", HTMLInputElement);
    this.#temperature = part("temperature", HTMLInputElement);
    this.#status = part("status", HTMLElement);
    this.#selects = {
      hidden: part("hidden", HTMLSelectElement),
      steps: part("steps", HTMLSelectElement),
      batch: part("batch", HTMLSelectElement),
    };
    this.#figures = new Figures(panel);
    this.#writing = new Writing(part("sample", HTMLElement), part("earlier", HTMLElement));
    this.#picture = new PictureCard(panel);

    find(panel, "form", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
    this.#start.addEventListener("click", () => this.#toggle());
    this.#reset.addEventListener("click", () => {
      this.#wanted = false;
      this.#enqueue("Starting anew …", () => this.#rebuild());
    });
    this.#selects.hidden.addEventListener("change", () => this.#enqueue("Building the network …", () => this.#rebuild()));
    for (const select of [this.#selects.steps, this.#selects.batch])
      select.addEventListener("change", () => this.#enqueue("Planning for the new sizes …", () => this.#resize()));
    this.#rate.addEventListener("input", () => this.#applyRates());
    this.#temperature.addEventListener("input", () => this.#applyRates());
    acceptDrops(panel, part("file", HTMLInputElement), (name, text) => {
      this.#enqueue(`Reading ${name} …`, async () => {
        this.#corpus = readCorpus(name, text);
        await this.#rebuild();
      });
    });
  }

  begin(): void {
    this.#applyRates();
    this.#enqueue("Preparing the kernels …", () => this.#rebuild());
  }

  get #sizes(): Sizes {
    const { hidden, steps, batch } = this.#selects;
    return { hidden: Number(hidden.value), steps: Number(steps.value), batch: Number(batch.value) };
  }

  /** Runs `work` with training paused, and goes on afterwards if that is wanted. */
  #enqueue(message: string, work: () => Promise<void>): void {
    this.#queue = this.#queue.then(async () => {
      this.#say(message);
      this.#busy(true);
      await this.#loop?.pause();
      try {
        await work();
        this.#say(this.#session && this.#session.step > 0 ? "Paused." : "Ready. Press Start.");
        if (this.#wanted) this.#run();
      } catch (error) {
        this.#fail(error);
      }
      this.#busy(false);
    });
  }

  async #rebuild(): Promise<void> {
    this.#session?.dispose();
    this.#session = undefined;
    this.#loop = undefined;
    this.#figures.clear(this.#corpus);
    this.#writing.clear();
    const session = await Session.create(this.#corpus, this.#sizes);
    this.#session = session;
    session.onMeasure = (measurement) => this.#figures.add(measurement);
    this.#loop = new TrainingLoop(session, {
      frame: () => this.#figures.show(session.step, this.#sizes),
      wrote: (characters) => {
        if (this.#writing.add(characters, session.step)) session.beginSample();
      },
      failed: (error) => this.#fail(error),
    });
    this.#showFacts(session);
    this.#applyRates();
  }

  async #resize(): Promise<void> {
    if (!this.#session) return this.#rebuild();
    await this.#session.resize(this.#sizes);
    this.#showFacts(this.#session);
  }

  #showFacts(session: Session): void {
    const { adapter, software } = session.facts;
    this.#showAdapter(software ? `${adapter}: a software adapter, much slower than a GPU` : adapter);
    this.#figures.facts(session.facts, session.clip);
    this.#picture.facts(this.#corpus, this.#sizes.steps, session.facts);
  }

  #applyRates(): void {
    const rate = 10 ** Number(this.#rate.value);
    const temperature = Number(this.#temperature.value);
    find(this.#panel, '[data-id="rate-value"]', HTMLElement).textContent = rate.toPrecision(2);
    find(this.#panel, '[data-id="temperature-value"]', HTMLElement).textContent = temperature.toFixed(2);
    this.#rate.setAttribute("aria-valuetext", rate.toPrecision(2));
    if (this.#session) this.#session.learningRate = rate;
    if (this.#loop) this.#loop.temperature = temperature;
  }

  #toggle(): void {
    this.#wanted = !this.#wanted;
    if (this.#wanted) this.#run();
    else this.#enqueue("Pausing …", async () => {});
  }

  #run(): void {
    if (!this.#loop) return;
    this.#figures.resume();
    this.#loop.start();
    this.#start.textContent = "Pause";
    this.#say("Learning.");
  }

  #say(message: string): void {
    this.#status.textContent = message;
    this.#status.classList.remove("error");
  }

  #fail(error: unknown): void {
    this.#wanted = false;
    this.#start.textContent = "Start";
    this.#status.textContent = `${error instanceof Error ? error.message : String(error)} Press Reset to begin anew.`;
    this.#status.classList.add("error");
  }

  #busy(busy: boolean): void {
    this.#panel.setAttribute("aria-busy", String(busy));
    this.#start.disabled = busy || !this.#session;
    if (!this.#loop?.running) this.#start.textContent = this.#session && this.#session.step > 0 ? "Go on" : "Start";
    find(this.#panel, '[data-id="text"]', HTMLElement).textContent = `${this.#corpus.name}, ${count(this.#corpus.length)} characters`;
  }
}
