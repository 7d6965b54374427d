import { LineChart } from "../../shared/chart.ts";
import { Curve, RunningMean } from "../../shared/curve.ts";
import { count, find } from "../../shared/dom.ts";
import type { Evaluation, Facts, Measurement } from "./session.ts";

/** Milliseconds between two updates of the numbers. */
const REFRESH = 250;
/** The loss of somebody who guesses among ten digits. */
const GUESSING = Math.log(10);

/** The numbers and curves of a run. */
export class Figures {
  readonly #part: (id: string) => HTMLElement;
  readonly #lossChart: LineChart;
  readonly #accuracyChart: LineChart;
  #loss = new Curve(2);
  #accuracy = new Curve(2);
  #meanLoss = new RunningMean(10);
  #meanAccuracy = new RunningMean(10);
  /** The last measurements; NaN before the first. */
  #trained = Number.NaN;
  #heldOut = Number.NaN;
  #batch = 1;
  #lastShown = 0;
  #speed = { time: 0, step: 0 };

  constructor(panel: HTMLElement) {
    this.#part = (id) => find(panel, `[data-id="${id}"]`, HTMLElement);
    this.#lossChart = new LineChart(this.#part("loss-chart"), this.#part("loss-legend"), {
      height: 184,
      include: () => [0, GUESSING],
      lines: [
        { label: "each reading", color: "--faint", width: 1 },
        { label: "mean", color: "--accent", width: 2 },
        { label: "guessing", color: "--muted", width: 1, dash: [4, 4], level: () => GUESSING },
      ],
    });
    this.#accuracyChart = new LineChart(this.#part("accuracy-chart"), this.#part("accuracy-legend"), {
      height: 184,
      include: () => [0, 100],
      decimals: 1,
      lines: [
        { label: "fonts it learns from", color: "--accent", width: 1.5 },
        { label: "fonts held out", color: "--warm", width: 2 },
      ],
    });
  }

  /** A new network. */
  clear(): void {
    this.#loss = new Curve(2);
    this.#accuracy = new Curve(2);
    this.#meanLoss = new RunningMean(10);
    this.#meanAccuracy = new RunningMean(10);
    this.#trained = this.#heldOut = Number.NaN;
    this.#lossChart.latest([]);
    this.#showAccuracy();
    for (const id of ["loss", "speed"]) this.#part(id).textContent = "–";
    this.#part("rate-now").textContent = "";
    this.#count(0);
    this.#draw();
  }

  facts(facts: Facts, batch: number): void {
    this.#batch = batch;
    this.#part("dispatches").textContent = count(facts.dispatches.length);
    this.#part("parameters").textContent = `${count(facts.parameters)} parameters`;
  }

  add({ step, loss, accuracy }: Measurement): void {
    const mean = this.#meanLoss.add(loss);
    this.#loss.add(step, [loss, mean]);
    this.#lossChart.latest([loss, mean]);
    this.#trained = 100 * this.#meanAccuracy.add(accuracy);
    this.#accuracy.add(step, [this.#trained, this.#heldOut]);
    this.#part("loss").textContent = mean.toFixed(3);
    this.#showAccuracy();
  }

  evaluated({ accuracy }: Evaluation): void {
    this.#heldOut = 100 * accuracy;
    this.#showAccuracy();
  }

  #showAccuracy(): void {
    this.#part("accuracy").textContent = percent(this.#trained);
    this.#part("held-out").textContent = percent(this.#heldOut);
    this.#accuracyChart.latest([this.#trained, this.#heldOut]);
  }

  /** Training goes on after a pause: speed is measured anew. */
  resume(): void {
    this.#speed = { time: 0, step: 0 };
  }

  /** Called at each frame; draws a few times per second. */
  show(step: number, rateShare: number): void {
    const now = performance.now();
    if (now - this.#lastShown < REFRESH) return;
    this.#lastShown = now;
    const seconds = (now - this.#speed.time) / 1000;
    if (this.#speed.time === 0) this.#speed = { time: now, step };
    else if (seconds >= 1) {
      const speed = (step - this.#speed.step) / seconds;
      this.#part("speed").textContent = speed < 10 ? speed.toFixed(1) : count(speed);
      this.#speed = { time: now, step };
    }
    this.#count(step);
    this.#part("rate-now").textContent = `× ${rateShare.toFixed(2)} now`;
    this.#draw();
  }

  #count(step: number): void {
    this.#part("count").textContent = count(step);
    this.#part("seen").textContent = `${count(step * this.#batch)} digits seen`;
  }

  #draw(): void {
    this.#lossChart.update(this.#loss.steps, this.#loss.lines);
    this.#accuracyChart.update(this.#accuracy.steps, this.#accuracy.lines);
  }
}

const percent = (value: number): string => (Number.isNaN(value) ? "–" : `${value.toFixed(1)} %`);
