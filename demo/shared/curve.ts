/** Points of a live curve. When there are too many, neighbours are averaged, so that the whole run stays in view. */
export class Curve {
  readonly steps: number[] = [];
  readonly lines: number[][];
  readonly #limit: number;
  #perPoint = 1;
  #waiting: number[][] = [];

  constructor(lines: number, limit = 800) {
    this.lines = Array.from({ length: lines }, () => []);
    this.#limit = limit;
  }

  add(step: number, values: readonly number[]): void {
    this.#waiting.push([step, ...values]);
    if (this.#waiting.length < this.#perPoint) return;
    const mean = (i: number) => this.#waiting.reduce((sum, row) => sum + row[i], 0) / this.#waiting.length;
    this.steps.push(step);
    this.lines.forEach((line, i) => {
      line.push(mean(i + 1));
    });
    this.#waiting = [];
    if (this.steps.length >= this.#limit) this.#halve();
  }

  #halve(): void {
    const half = this.steps.length >> 1;
    for (let i = 0; i < half; i++) {
      this.steps[i] = this.steps[2 * i + 1];
      for (const line of this.lines) line[i] = (line[2 * i] + line[2 * i + 1]) / 2;
    }
    for (const line of [this.steps, ...this.lines]) line.length = half;
    this.#perPoint *= 2;
  }
}

/** A running mean over about the last `window` values; the first values count in full. */
export class RunningMean {
  readonly #keep: number;
  #sum = 0;
  #weight = 0;

  constructor(window: number) {
    this.#keep = 1 - 1 / window;
  }

  add(value: number): number {
    this.#sum = this.#keep * this.#sum + value;
    this.#weight = this.#keep * this.#weight + 1;
    return this.#sum / this.#weight;
  }
}
