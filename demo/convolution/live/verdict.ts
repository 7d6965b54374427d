import { find } from "../../shared/dom.ts";

/** Below this probability the network is said to be unsure. */
const SURE = 0.6;

/** What the network reads, and how sure it is of each digit. */
export class Verdict {
  readonly #answer: HTMLElement;
  readonly #note: HTMLElement;
  readonly #bars: readonly HTMLElement[];

  constructor(panel: HTMLElement) {
    const part = (id: string) => find(panel, `[data-id="${id}"]`, HTMLElement);
    this.#answer = part("answer");
    this.#note = part("answer-note");
    this.#bars = Array.from({ length: 10 }, (_, digit) => {
      const item = document.createElement("li");
      const name = document.createElement("span");
      name.textContent = String(digit);
      const bar = document.createElement("b");
      item.append(name, bar);
      part("guesses").append(item);
      return bar;
    });
    this.clear("");
  }

  clear(note: string): void {
    this.#answer.textContent = "?";
    this.#note.textContent = note;
    for (const bar of this.#bars) this.#set(bar, 0, false);
  }

  show(probabilities: ArrayLike<number>, truth?: number): void {
    let winner = 0;
    for (let digit = 1; digit < 10; digit++) if (probabilities[digit] > probabilities[winner]) winner = digit;
    this.#answer.textContent = String(winner);
    const share = `${(100 * probabilities[winner]).toFixed(0)} %`;
    const right = truth === undefined ? "" : truth === winner ? "Right. " : `Wrong: it is a ${truth}. `;
    this.#note.textContent = right + (probabilities[winner] < SURE ? `Not sure: ${share}.` : `${share} sure.`);
    this.#bars.forEach((bar, digit) => {
      this.#set(bar, probabilities[digit], digit === winner);
    });
  }

  #set(bar: HTMLElement, probability: number, best: boolean): void {
    bar.style.setProperty("--share", probability.toFixed(4));
    bar.textContent = `${(100 * probability).toFixed(0)} %`;
    bar.parentElement?.classList.toggle("best", best);
  }
}
