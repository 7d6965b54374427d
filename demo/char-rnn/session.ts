import type { Corpus } from "./corpus.ts";
export interface Sizes {
  readonly hidden: number;
  readonly steps: number;
  readonly batch: number;
}
export interface Measurement {
  readonly step: number;
  readonly loss: number;
  readonly norm: number;
}
export interface Facts {
  readonly adapter: string;
  readonly software: boolean;
  readonly dispatches: number;
  readonly submits: number;
  readonly parameters: number;
}
const w = (ms: number) => new Promise((r) => setTimeout(r, ms));
/** Mock. */
export class Session {
  readonly clip = 1;
  learningRate = 3e-3;
  onMeasure: (m: Measurement) => void = () => {};
  #step = 0;
  #corpus: Corpus;
  #sizes: Sizes;
  #at = 0;
  constructor(corpus: Corpus, sizes: Sizes) {
    this.#corpus = corpus;
    this.#sizes = sizes;
  }
  static async create(corpus: Corpus, sizes: Sizes): Promise<Session> {
    await w(300);
    return new Session(corpus, sizes);
  }
  get step() {
    return this.#step;
  }
  get facts(): Facts {
    return { adapter: "Mock adapter (SwiftShader)", software: true, dispatches: 14, submits: 1, parameters: 24000 };
  }
  async resize(sizes: Sizes) {
    await w(200);
    this.#sizes = sizes;
  }
  async train(read: boolean) {
    await w(20);
    this.#step++;
    const loss = 1.4 + (Math.log(this.#corpus.characters.length) - 1.4) * Math.exp(-this.#step / 150) + 0.1 * Math.random();
    if (read)
      this.onMeasure({
        step: this.#step,
        loss,
        norm: 0.2 + Math.random() * 3 * Math.exp(-this.#step / 200) + (Math.random() < 0.03 ? 3 : 0),
      });
    void this.#sizes;
  }
  beginSample() {
    this.#at = Math.floor(Math.random() * 10000);
  }
  async nextCharacter(_t: number) {
    return this.#corpus.characters[this.#corpus.tokens[this.#at++]];
  }
  dispose() {}
}
