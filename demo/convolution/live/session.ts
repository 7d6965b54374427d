import {
  type Crop,
  compile,
  createImageReader,
  type DispatchReport,
  Engine,
  type ImageReader,
  type ImageSource,
  type Program,
  report,
} from "../../../src/index.ts";
import { CLASSES, LEARNING_RATE, rateShare, type Sheet, SIDE } from "../../digits/index.ts";
import { adapterName } from "../../shared/adapter.ts";
import { type HeldOut, heldOutDigits, SHEET_SIZE, SHEETS, TrainingDigits } from "./digits.ts";
import { digitNetwork } from "./network.ts";

export interface Measurement {
  readonly step: number;
  /** Nats per digit. */
  readonly loss: number;
  /** Share of the batch that was read correctly before the step. */
  readonly accuracy: number;
}

/** How the network reads the digits of fonts that it does not learn from. */
export interface Evaluation {
  readonly step: number;
  readonly accuracy: number;
  /** [what it is, what was read]: how often. */
  readonly confusion: Uint32Array;
}

/** What the network makes of one picture: planes of [rows, columns, channels], and a probability for each digit. */
export interface Look {
  readonly seen: Float32Array;
  readonly detected1: Float32Array;
  readonly pooled1: Float32Array;
  readonly pooled2: Float32Array;
  readonly probabilities: Float32Array;
}

export interface Facts {
  readonly adapter: string;
  /** The kernels of one training step, in order. All go to the GPU in one submit. */
  readonly dispatches: readonly DispatchReport[];
  readonly parameters: number;
}

type Network = ReturnType<typeof digitNetwork>;
type Compiled<S extends { inputs: object; outputs: object }> = Program<
  S["inputs"] extends infer I extends Program["spec"]["inputs"] ? I : never,
  S["outputs"] extends infer O extends Program["spec"]["outputs"] ? O : never
>;

interface Programs {
  readonly training: Compiled<ReturnType<Network["training"]>>;
  readonly scoring: Compiled<ReturnType<Network["scoring"]>>;
  readonly looking: Compiled<ReturnType<Network["looking"]>>;
  readonly watching: Compiled<ReturnType<Network["looking"]>>;
  /** Takes pictures as they are. */
  readonly pictures: ImageReader;
  /** Takes photographs: the middle, dark for bright. */
  readonly photographs: ImageReader;
}

/** The part of a photograph's height that is looked at, in the middle; the page draws a frame around it. */
export const VIEW = 0.6;

/** A network that learns to read digits: trains, measures and looks at pictures. All of its state is on the GPU. */
export class Session {
  /** Of the schedule: each step learns with a share of it. */
  learningRate = LEARNING_RATE;
  /** Called with each loss and accuracy that was asked for, a little after the step. */
  onMeasure: (measurement: Measurement) => void = () => {};
  readonly heldOut: HeldOut;
  readonly #engine: Engine;
  readonly #digits: TrainingDigits;
  readonly #network: Network;
  readonly #programs: Programs;
  #step = 0;
  #reading: Promise<void> = Promise.resolve();

  private constructor(engine: Engine, digits: TrainingDigits, heldOut: HeldOut, network: Network, programs: Programs) {
    this.#engine = engine;
    this.#digits = digits;
    this.heldOut = heldOut;
    this.#network = network;
    this.#programs = programs;
  }

  /** A new network. `seed` decides on its first weights and on the digits that it learns from. */
  static async create(batch: number, seed = Date.now() % 1e6): Promise<Session> {
    const engine = await Engine.create({ seed, powerPreference: "high-performance" });
    try {
      const network = digitNetwork(seed);
      const size = [SIDE, SIDE] as const;
      const [digits, heldOut, training, scoring, looking, watching, pictures, photographs] = await Promise.all([
        TrainingDigits.create(engine, batch, seed),
        heldOutDigits(engine),
        compile(engine, network.training(batch)),
        compile(engine, network.scoring(SHEET_SIZE)),
        compile(engine, network.looking(false)),
        compile(engine, network.looking(true)),
        createImageReader(engine, { size, channels: 1, filter: "area" }),
        createImageReader(engine, { size, channels: 1, filter: "area", scale: -1, mean: -1 }),
      ]);
      await digits.next();
      return new Session(engine, digits, heldOut, network, { training, scoring, looking, watching, pictures, photographs });
    } catch (error) {
      engine.dispose();
      throw error;
    }
  }

  get step(): number {
    return this.#step;
  }

  /** The digits of the last step. */
  get lastBatch(): Sheet | undefined {
    return this.#digits.sheet;
  }

  get facts(): Facts {
    return {
      adapter: adapterName(this.#engine),
      dispatches: report(this.#programs.training).dispatches,
      parameters: this.#network.size,
    };
  }

  /** One step of training. Resolves when the GPU has room for the next; with `read`, the measurement is on its way. */
  async train(read: boolean): Promise<void> {
    const { images, labels } = await this.#digits.next();
    const batch = { images, labels, rate: Float32Array.of(this.learningRate * rateShare(this.#step)) };
    const step = ++this.#step;
    if (!read) {
      await this.#programs.training.run(batch);
      return;
    }
    await this.#reading;
    const values = this.#programs.training.run(batch, { read: ["loss", "scores"] });
    this.#reading = values.then(({ loss, scores }) => {
      const right = labels.reduce((sum, label, i) => sum + Number(best(scores, i) === label), 0);
      this.onMeasure({ step, loss: loss[0], accuracy: right / labels.length });
    });
    // A failure is told by the next step, which waits for this reading.
    this.#reading.catch(() => {});
  }

  /** Reads all digits of the fonts that are held out. */
  async evaluate(): Promise<Evaluation> {
    const { sheets, images } = this.heldOut;
    const confusion = new Uint32Array(CLASSES * CLASSES);
    const step = this.#step;
    let right = 0;
    for (const [i, { labels }] of sheets.entries()) {
      const { scores } = await this.#programs.scoring.run({ images: images[i] }, { read: ["scores"] });
      labels.forEach((label, row) => {
        const read = best(scores, row);
        confusion[label * CLASSES + read]++;
        right += Number(read === label);
      });
    }
    return { step, accuracy: right / (SHEETS * SHEET_SIZE), confusion };
  }

  /** Looks at a picture of white on black, or at a part of it. */
  async look(picture: ImageSource, crop?: Crop): Promise<Look> {
    return this.#look(this.#programs.looking, this.#programs.pictures.read(picture, crop && { crop }));
  }

  /** Looks at the middle of a photograph or of a video: dark ink on bright paper. */
  async watch(photograph: ImageSource, width: number, height: number): Promise<Look> {
    const side = Math.round(VIEW * Math.min(width, height));
    const crop = { x: (width - side) >> 1, y: (height - side) >> 1, width: side, height: side };
    return this.#look(this.#programs.watching, this.#programs.photographs.read(photograph, { crop }));
  }

  async #look(program: Programs["looking"], image: GPUBuffer | Float32Array): Promise<Look> {
    return program.run({ image }, { read: ["seen", "detected1", "pooled1", "pooled2", "probabilities"] });
  }

  /** The weights of the first layer, [5, 5, 1, filters]. */
  filters(): Promise<Float32Array> {
    return this.#engine.read(this.#network.filters1);
  }

  dispose(): void {
    this.#engine.dispose();
  }
}

/** The class with the highest score in a row. */
function best(scores: ArrayLike<number>, row: number): number {
  let winner = 0;
  for (let c = 1; c < CLASSES; c++) if (scores[row * CLASSES + c] > scores[row * CLASSES + winner]) winner = c;
  return winner;
}
