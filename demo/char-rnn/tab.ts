import { count, find } from "../shared/dom.ts";
import { acceptFiles, type TextFile } from "../shared/drop.ts";
import { RunCard } from "../shared/run-card.ts";
import type { Tab } from "../tabs.ts";
import { bundledCorpus, type Corpus, readCorpus } from "./corpus.ts";
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
  readonly #run: RunCard;
  readonly #temperature: HTMLInputElement;
  readonly #selects: Readonly<Record<keyof Sizes, HTMLSelectElement>>;
  readonly #panel: HTMLElement;
  readonly #figures: Figures;
  readonly #writing: Writing;
  readonly #picture: PictureCard;
  readonly #showAdapter: (name: string) => void;
  #corpus: Corpus = bundledCorpus();
  #current: { readonly session: Session; readonly loop: TrainingLoop; readonly step: number } | undefined;

  constructor(panel: HTMLElement, showAdapter: (name: string) => void) {
    panel.innerHTML = panelHtml;
    const part = <E extends Element>(id: string, type: new () => E): E => find(panel, `[data-id="${id}"]`, type);
    this.#panel = panel;
    this.#showAdapter = showAdapter;
    this.#temperature = part("temperature", HTMLInputElement);
    this.#selects = {
      hidden: part("hidden", HTMLSelectElement),
      steps: part("steps", HTMLSelectElement),
      batch: part("batch", HTMLSelectElement),
    };
    this.#figures = new Figures(panel);
    this.#writing = new Writing(part("sample", HTMLElement), part("earlier", HTMLElement));
    this.#picture = new PictureCard(panel);
    const run = new RunCard(panel, {
      rebuild: () => this.#rebuild(),
      current: () => this.#current,
      resumed: () => this.#figures.resume(),
    });
    this.#run = run;
    run.onRate = () => this.#applyRates();
    this.#selects.hidden.addEventListener("change", () => run.enqueue("Building the network …", () => this.#rebuild()));
    for (const select of [this.#selects.steps, this.#selects.batch])
      select.addEventListener("change", () => run.enqueue("Planning for the new sizes …", () => this.#resize()));
    this.#temperature.addEventListener("input", () => this.#applyRates());
    acceptFiles(panel, part("file", HTMLInputElement), ["dropping"], ([file]) => this.#take(file));
  }

  begin(): void {
    this.#run.begin();
  }

  /** A text to learn from; one that is refused leaves the network before alone. */
  #take({ name, text }: TextFile): void {
    let corpus: Corpus;
    try {
      corpus = readCorpus(name, text);
    } catch (error) {
      this.#run.refuse(`${error instanceof Error ? error.message : String(error)} “${this.#corpus.name}” stays the text.`);
      return;
    }
    this.#run.enqueue(`Beginning anew with ${name} …`, async () => {
      this.#corpus = corpus;
      await this.#rebuild();
    });
  }

  get #sizes(): Sizes {
    const { hidden, steps, batch } = this.#selects;
    return { hidden: Number(hidden.value), steps: Number(steps.value), batch: Number(batch.value) };
  }

  async #rebuild(): Promise<void> {
    this.#current?.session.dispose();
    this.#current = undefined;
    this.#showText();
    this.#figures.clear(this.#corpus);
    this.#writing.clear();
    const session = await Session.create(this.#corpus, this.#sizes);
    session.onMeasure = (measurement) => this.#figures.add(measurement);
    const loop = new TrainingLoop(session, {
      frame: () => this.#figures.show(session.step, this.#sizes),
      wrote: (characters) => {
        if (this.#writing.add(characters, session.step)) session.beginSample();
      },
      unseen: () => this.#panel.hidden === true,
      failed: (error) => this.#run.fail(error),
    });
    this.#current = {
      session,
      loop,
      get step() {
        return session.step;
      },
    };
    this.#showFacts(session);
    this.#applyRates();
  }

  /** Name and length on lines of their own: a long name leaves the length in view. */
  #showText(): void {
    const { name, length } = this.#corpus;
    const line = (text: string) => Object.assign(document.createElement("span"), { textContent: text });
    const place = find(this.#panel, '[data-id="text"]', HTMLElement);
    place.title = name;
    place.replaceChildren(line(`${name},`), line(` ${count(length)} characters`));
  }

  async #resize(): Promise<void> {
    const session = this.#current?.session;
    if (!session) return this.#rebuild();
    await session.resize(this.#sizes);
    this.#showFacts(session);
  }

  #showFacts(session: Session): void {
    this.#showAdapter(session.facts.adapter);
    this.#figures.facts(session.facts, session.clip);
    this.#picture.facts(this.#corpus, this.#sizes.steps, session.facts);
  }

  #applyRates(): void {
    const temperature = Number(this.#temperature.value);
    find(this.#panel, '[data-id="temperature-value"]', HTMLElement).textContent = temperature.toFixed(2);
    if (!this.#current) return;
    this.#current.session.learningRate = this.#run.rate;
    this.#current.loop.temperature = temperature;
  }
}
