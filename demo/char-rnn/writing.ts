import { count } from "../shared/dom.ts";

const SAMPLE_LENGTH = 300;
/** The first sample is noise: enough of it to see that. */
const FIRST_LENGTH = 120;
const EXCERPT = 120;
const KEPT = 30;

/** The sample that is being written, and excerpts of those before it, so that one sees how the writing improves. */
export class Writing {
  readonly #sample: HTMLElement;
  readonly #earlier: HTMLElement;
  #text = "";
  #begunAt = 0;
  #nextKept = 0;

  constructor(sample: HTMLElement, earlier: HTMLElement) {
    this.#sample = sample;
    this.#earlier = earlier;
  }

  clear(): void {
    this.#text = "";
    this.#nextKept = 0;
    this.#sample.replaceChildren();
    this.#earlier.replaceChildren();
  }

  /** Adds characters; true when the sample is full and a new one should begin. */
  add(characters: string, step: number): boolean {
    if (this.#text === "") this.#begunAt = step;
    this.#text += characters;
    this.#sample.textContent = this.#text;
    this.#sample.scrollTop = this.#sample.scrollHeight;
    if (this.#text.length < (this.#begunAt === 0 ? FIRST_LENGTH : SAMPLE_LENGTH)) return false;
    // Samples are kept at growing distances: most changes early.
    if (this.#begunAt >= this.#nextKept) {
      this.#keep(step);
      this.#nextKept = Math.max(this.#begunAt * 1.3, this.#begunAt + 20);
    }
    this.#text = "";
    return true;
  }

  #keep(step: number): void {
    const item = document.createElement("li");
    const when = document.createElement("small");
    when.textContent = `step ${count(step)}`;
    const excerpt = document.createElement("q");
    excerpt.textContent = excerptOf(this.#text);
    item.append(when, excerpt);
    this.#earlier.prepend(item);
    while (this.#earlier.childElementCount > KEPT) this.#earlier.lastElementChild?.remove();
  }
}

/** The beginning of a sample in one line, up to a word's end where there is one. */
function excerptOf(text: string): string {
  const line = text.slice(0, EXCERPT).replace(/\s+/g, " ").trim();
  return `${line.replace(/ \S*$/, "")} …`;
}
