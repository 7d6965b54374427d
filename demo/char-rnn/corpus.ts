import alice from "../text/alice.txt?raw";

/** A text as the network sees it: each character is a number, its place in `characters`. */
export interface Corpus {
  readonly name: string;
  readonly length: number;
  readonly characters: readonly string[];
  readonly tokens: Uint32Array;
}

const MIN_LENGTH = 1000;
const MAX_LENGTH = 8_000_000;
const MAX_CHARACTERS = 255;
/** Stands for all characters that are too rare to have a number of their own. */
const RARE = "\u25a1";

/**
 * Numbers the characters of a text, most frequent first.
 * @throws Error with a sentence for the reader when the text is too short or is no text.
 */
export function readCorpus(name: string, raw: string): Corpus {
  if (raw.includes("\0")) throw new Error(`“${name}” is no plain text file.`);
  const text = Array.from(raw.slice(0, MAX_LENGTH).replace(/\r\n?/g, "\n"));
  if (text.length < MIN_LENGTH)
    throw new Error(`“${name}” has ${text.length} characters; a network needs at least ${MIN_LENGTH} to learn from.`);
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const byFrequency = [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
  const characters = byFrequency.length > MAX_CHARACTERS ? [...byFrequency.slice(0, MAX_CHARACTERS), RARE] : byFrequency;
  const numbers = new Map(characters.map((character, i) => [character, i]));
  const rare = characters.length - 1;
  return { name, length: text.length, characters, tokens: Uint32Array.from(text, (character) => numbers.get(character) ?? rare) };
}

export const bundledCorpus = (): Corpus => readCorpus("Alice's Adventures in Wonderland", alice);

/**
 * Reads the text at `batch` places at once. Each call goes on where the last one stopped, so that the memory h, carried from run to
 * run, belongs to the text before.
 */
export class Streams {
  readonly #tokens: Uint32Array;
  readonly #starts: number[];
  #position = 0;

  constructor(tokens: Uint32Array, batch: number) {
    this.#tokens = tokens;
    this.#starts = Array.from({ length: batch }, (_, b) => Math.floor((b * tokens.length) / batch));
  }

  /** The next `steps` characters of every stream and, as targets, the characters after them: [steps, batch], time-major. */
  next(steps: number): { tokens: Uint32Array; targets: Uint32Array } {
    const batch = this.#starts.length;
    const tokens = new Uint32Array(steps * batch);
    const targets = new Uint32Array(steps * batch);
    const n = this.#tokens.length;
    for (let b = 0; b < batch; b++) {
      let at = (this.#starts[b] + this.#position) % n;
      for (let t = 0; t < steps; t++) {
        tokens[t * batch + b] = this.#tokens[at];
        at = at + 1 === n ? 0 : at + 1;
        targets[t * batch + b] = this.#tokens[at];
      }
    }
    this.#position = (this.#position + steps) % n;
    return { tokens, targets };
  }
}
