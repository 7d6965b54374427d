import { rateShare, SIDE } from "../../digits/index.ts";
import { showDispatches } from "../../shared/dispatch-table.ts";
import { find } from "../../shared/dom.ts";
import { FrameLoop, ReadingPace } from "../../shared/loop.ts";
import { RunCard } from "../../shared/run-card.ts";
import { Confusion } from "./confusion.ts";
import { placeOf } from "./digits.ts";
import { Figures } from "./figures.ts";
import { Maps } from "./maps.ts";
import { Session } from "./session.ts";
import { Trial } from "./trial.ts";

/** The part of the time that testing on held-out fonts may take, and the least milliseconds between two tests. */
const TESTING_SHARE = 0.15;
const TEST_EVERY = 800;
/** Milliseconds between two looks at the picture that is tried, while training. */
const LOOK_EVERY = 400;
/** Digits of the batch that are shown. */
const SHOWN = 10;

/** The network that learns to read digits while one looks on. */
export class Live {
  readonly #panel: HTMLElement;
  readonly #showAdapter: (name: string) => void;
  readonly #run: RunCard;
  readonly #figures: Figures;
  readonly #confusion: Confusion;
  readonly #maps: Maps;
  readonly #trial: Trial;
  readonly #sheet: HTMLCanvasElement;
  #current: { readonly session: Session; readonly loop: FrameLoop; readonly step: number } | undefined;
  #tested = { at: 0, took: 0 };
  #looked = 0;

  constructor(panel: HTMLElement, showAdapter: (name: string) => void) {
    this.#panel = panel;
    this.#showAdapter = showAdapter;
    this.#figures = new Figures(panel);
    this.#confusion = new Confusion(panel);
    this.#maps = new Maps(panel);
    this.#sheet = find(panel, '[data-id="batch-digits"]', HTMLCanvasElement);
    Object.assign(this.#sheet, { width: SHOWN * SIDE, height: SIDE });
    this.#trial = new Trial(panel, (look) => this.#maps.show(look));
    this.#run = new RunCard(panel, {
      rebuild: () => this.#rebuild(),
      current: () => this.#current,
      resumed: () => this.#figures.resume(),
    });
    this.#run.onRate = (rate) => {
      if (this.#current) this.#current.session.learningRate = rate;
    };
    find(panel, '[data-id="batch"]', HTMLSelectElement).addEventListener("change", () =>
      this.#run.enqueue("Building the network …", () => this.#rebuild()),
    );
  }

  begin(): void {
    this.#run.begin();
  }

  get #batch(): number {
    return Number(find(this.#panel, '[data-id="batch"]', HTMLSelectElement).value);
  }

  async #rebuild(): Promise<void> {
    this.#trial.session = undefined;
    this.#current?.session.dispose();
    this.#current = undefined;
    this.#figures.clear();
    this.#confusion.clear();
    const session = await Session.create(this.#batch);
    session.onMeasure = (measurement) => this.#figures.add(measurement);
    session.learningRate = this.#run.rate;
    const pace = new ReadingPace(2, 100);
    const loop = new FrameLoop({
      step: () => session.train(pace.next(session.step)),
      afterSteps: () => this.#afterSteps(session),
      frame: () => this.#figures.show(session.step, rateShare(session.step)),
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
    this.#trial.session = session;
    this.#showAdapter(session.facts.adapter);
    this.#figures.facts(session.facts, this.#batch);
    showDispatches(find(this.#panel, '[data-id="dispatch-list"]', HTMLElement), session.facts.dispatches);
    await this.#show(session);
  }

  async #afterSteps(session: Session): Promise<void> {
    const now = performance.now();
    if (now - this.#tested.at > Math.max(TEST_EVERY, this.#tested.took / TESTING_SHARE)) {
      const evaluation = await session.evaluate();
      this.#tested = { at: performance.now(), took: performance.now() - now };
      this.#figures.evaluated(evaluation);
      this.#confusion.show(evaluation);
    }
    if (performance.now() - this.#looked > LOOK_EVERY) {
      this.#looked = performance.now();
      await this.#show(session);
    }
  }

  /** The filters as they are now, some digits of the batch, and the picture that is tried. */
  async #show(session: Session): Promise<void> {
    this.#maps.showFilters(await session.filters());
    const context = this.#sheet.getContext("2d");
    const sheet = session.lastBatch;
    for (let i = 0; sheet && i < SHOWN; i++) {
      const { x, y } = placeOf(sheet, i);
      context?.drawImage(sheet.image, x, y, SIDE, SIDE, i * SIDE, 0, SIDE, SIDE);
    }
    await this.#trial.look();
  }
}
