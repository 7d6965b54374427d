import { LineChart } from "../shared/chart.ts";
import { Curve, RunningMean } from "../shared/curve.ts";
import { count, find } from "../shared/dom.ts";
import type { Corpus } from "./corpus.ts";
import type { Facts, Measurement, Sizes } from "./session.ts";

/** Milliseconds between two updates of the numbers: fast enough to be alive, slow enough to be read. */
const REFRESH = 250;

/** The numbers and curves of a run. */
export class Figures {
  readonly #part: (id: string) => HTMLElement;
  readonly #lossChart: LineChart;
  readonly #normChart: LineChart;
  #loss = new Curve(2);
  #norm = new Curve(2);
  #mean = new RunningMean(12);
  #corpus: Corpus | undefined;
  #clip = 1;
  #lastShown = 0;
  #speed = { time: 0, step: 0 };
  #characters = 0;
  #lastStep = 0;

  constructor(panel: HTMLElement) {
    this.#part = (id) => find(panel, `[data-id="${id}"]`, HTMLElement);
    this.#lossChart = new LineChart(this.#part("loss-chart"), this.#part("loss-legend"), {
      height: 234,
      // Half of it too: before anything is learned, the axis has some height.
      include: () => [this.#baseline / 2, this.#baseline],
      lines: [
        { label: "each reading", color: "--faint", width: 1 },
        { label: "mean", color: "--accent", width: 2 },
        { label: "guessing", color: "--muted", width: 1, dash: [4, 4], level: () => this.#baseline },
      ],
    });
    this.#normChart = new LineChart(this.#part("norm-chart"), this.#part("norm-legend"), {
      height: 184,
      logarithmic: true,
      lines: [
        { label: "before clipping", color: "--warm", width: 1.5 },
        { label: "after", color: "--accent", width: 2 },
      ],
    });
  }

  get #baseline(): number {
    return Math.log(this.#corpus?.characters.length ?? 64);
  }

  /** A new network on this text. */
  clear(corpus: Corpus): void {
    this.#corpus = corpus;
    this.#loss = new Curve(2);
    this.#norm = new Curve(2);
    this.#mean = new RunningMean(12);
    this.#characters = this.#lastStep = 0;
    this.#lossChart.latest([]);
    this.#normChart.latest([]);
    for (const id of ["loss", "perplexity", "speed"]) this.#part(id).textContent = "–";
    this.#part("alphabet").textContent = `of ${corpus.characters.length} characters`;
    this.#part("loss-note").textContent =
      `E is the mean of −ln p(next character). Blind guessing among ${corpus.characters.length} characters gives ` +
      `ln ${corpus.characters.length} = ${this.#baseline.toFixed(2)}; e to the E is the number of characters it still hesitates between.`;
    this.#draw();
    this.#count(0);
  }

  facts(facts: Facts, clip: number): void {
    this.#clip = clip;
    this.#part("dispatches").textContent = count(facts.dispatches.length);
    this.#part("parameters").textContent = `${count(facts.parameters)} parameters`;
    this.#part("clip").textContent = String(clip);
  }

  add({ step, loss, norm }: Measurement): void {
    const mean = this.#mean.add(loss);
    this.#loss.add(step, [loss, mean]);
    this.#lossChart.latest([loss, mean]);
    const norms = [norm, Math.min(norm, this.#clip)];
    this.#norm.add(step, norms);
    this.#normChart.latest(norms);
    this.#part("loss").textContent = mean.toFixed(3);
    this.#part("perplexity").textContent = Math.exp(mean).toFixed(2);
  }

  /** Training goes on after a pause: speed is measured anew. */
  resume(): void {
    this.#speed = { time: 0, step: 0 };
  }

  /** Called at each frame; draws a few times per second. */
  show(step: number, sizes: Sizes): void {
    this.#characters += (step - this.#lastStep) * sizes.steps * sizes.batch;
    this.#lastStep = step;
    const now = performance.now();
    if (now - this.#lastShown < REFRESH) return;
    this.#lastShown = now;
    const seconds = (now - this.#speed.time) / 1000;
    if (this.#speed.time === 0) this.#speed = { time: now, step };
    else if (seconds >= 1) {
      this.#part("speed").textContent = count(((step - this.#speed.step) * sizes.steps * sizes.batch) / seconds);
      this.#speed = { time: now, step };
    }
    this.#count(step);
    this.#draw();
  }

  #count(step: number): void {
    this.#part("count").textContent = count(step);
    const times = this.#characters / (this.#corpus?.length ?? 1);
    this.#part("epochs").textContent = `${times < 10 ? times.toFixed(1) : count(times)} × through the text`;
  }

  #draw(): void {
    this.#lossChart.update(this.#loss.steps, this.#loss.lines);
    this.#normChart.update(this.#norm.steps, this.#norm.lines);
  }
}
