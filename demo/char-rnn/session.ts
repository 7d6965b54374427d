import { compile, type DispatchReport, Engine, type Program, report } from "../../src/index.ts";
import { adapterName } from "../shared/adapter.ts";
import { type Corpus, Streams } from "./corpus.ts";
import { CLIP, charNetwork } from "./network.ts";
import { drawToken } from "./sampling.ts";

export interface Sizes {
  readonly hidden: number;
  /** T, characters per sequence. */
  readonly steps: number;
  readonly batch: number;
}

export interface Measurement {
  readonly step: number;
  /** Nats per character. */
  readonly loss: number;
  /** Global L2 norm of the gradients before clipping. */
  readonly norm: number;
}

export interface Facts {
  readonly adapter: string;
  /** The kernels of one training step, in order. All go to the GPU in one submit. */
  readonly dispatches: readonly DispatchReport[];
  readonly parameters: number;
}

type Network = ReturnType<typeof charNetwork>;
type Training = Program<ReturnType<Network["training"]>["inputs"], ReturnType<Network["training"]>["outputs"]>;
type Writing = Program<ReturnType<Network["writing"]>["program"]["inputs"], ReturnType<Network["writing"]>["program"]["outputs"]>;

/** A network that learns one text: trains, measures and writes. All of its state is on the GPU. */
export class Session {
  readonly clip = CLIP;
  learningRate = 4e-3;
  /** Called with each loss and norm that was asked for, a little after the step. */
  onMeasure: (measurement: Measurement) => void = () => {};
  readonly #engine: Engine;
  readonly #corpus: Corpus;
  readonly #network: Network;
  readonly #begin: () => void;
  readonly #writing: Writing;
  #training: Training;
  #streams: Streams;
  #sizes: Sizes;
  #step = 0;
  #token: number;
  #reading: Promise<void> = Promise.resolve();

  private constructor(
    engine: Engine,
    corpus: Corpus,
    network: Network,
    programs: { training: Training; writing: Writing; begin: () => void },
    sizes: Sizes,
  ) {
    this.#engine = engine;
    this.#corpus = corpus;
    this.#network = network;
    this.#training = programs.training;
    this.#writing = programs.writing;
    this.#begin = programs.begin;
    this.#sizes = sizes;
    this.#streams = new Streams(corpus.tokens, sizes.batch);
    this.#token = firstToken(corpus);
  }

  /** A new network for this text. `seed` decides on its first weights. */
  static async create(corpus: Corpus, sizes: Sizes, seed = Date.now() % 1e6): Promise<Session> {
    const engine = await Engine.create({ seed, powerPreference: "high-performance" });
    try {
      const network = charNetwork(corpus.characters.length, sizes.hidden);
      const { program, memory } = network.writing();
      const [training, writing] = await Promise.all([
        compile(engine, network.training(sizes.steps, sizes.batch)),
        compile(engine, program),
      ]);
      const begin = () => engine.write(memory, new Float32Array(memory.size));
      return new Session(engine, corpus, network, { training, writing, begin }, sizes);
    } catch (error) {
      engine.dispose();
      throw error;
    }
  }

  get step(): number {
    return this.#step;
  }

  get facts(): Facts {
    return { adapter: adapterName(this.#engine), dispatches: report(this.#training).dispatches, parameters: this.#network.size };
  }

  /** Another sequence length or batch for the same network: a new plan over the same weights. */
  async resize(sizes: Sizes): Promise<void> {
    const training = await compile(this.#engine, this.#network.training(sizes.steps, sizes.batch));
    await this.#reading;
    this.#training.dispose();
    this.#training = training;
    if (sizes.batch !== this.#sizes.batch) this.#streams = new Streams(this.#corpus.tokens, sizes.batch);
    this.#sizes = sizes;
  }

  /** One step of training. Resolves when the GPU has room for the next; with `read`, loss and norm are on their way. */
  async train(read: boolean): Promise<void> {
    const batch = { ...this.#streams.next(this.#sizes.steps), rate: Float32Array.of(this.learningRate) };
    const step = ++this.#step;
    if (!read) {
      await this.#training.run(batch);
      return;
    }
    await this.#reading;
    const values = this.#training.run(batch, { read: ["loss", "norm"] });
    this.#reading = values.then(({ loss, norm }) => this.onMeasure({ step, loss: loss[0], norm: norm[0] }));
    // A failure is told by the next step, which waits for this reading.
    this.#reading.catch(() => {});
  }

  /** Begins a new sample: forgets what was written. */
  beginSample(): void {
    this.#begin();
    this.#token = firstToken(this.#corpus);
  }

  /** Writes one character. Below 1, `temperature` prefers the likely ones. */
  async nextCharacter(temperature: number): Promise<string> {
    const { scores } = await this.#writing.run({ token: Uint32Array.of(this.#token) }, { read: ["scores"] });
    this.#token = drawToken(scores, temperature, Math.random());
    return this.#corpus.characters[this.#token];
  }

  dispose(): void {
    this.#engine.dispose();
  }
}

/** Samples begin as after the end of a paragraph, where the text has such. */
function firstToken({ characters, tokens }: Corpus): number {
  const newline = characters.indexOf("\n");
  return newline >= 0 ? newline : tokens[0];
}
