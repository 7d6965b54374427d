import { showDispatches } from "../shared/dispatch-table.ts";
import { find } from "../shared/dom.ts";
import type { Corpus } from "./corpus.ts";
import { Picture, type View } from "./picture.ts";
import type { Facts } from "./session.ts";

/** The picture with its switch between three views and the sentence below it. */
export class PictureCard {
  readonly #picture: Picture;
  readonly #caption: HTMLElement;
  readonly #list: HTMLElement;
  #view: View = "unrolled";
  #steps = 32;
  #dispatches = 0;

  constructor(panel: HTMLElement) {
    this.#caption = find(panel, '[data-id="caption"]', HTMLElement);
    this.#list = find(panel, '[data-id="dispatch-list"]', HTMLElement);
    this.#picture = new Picture(find(panel, '[data-id="picture"]', HTMLElement), (step, input, target) =>
      this.#describe(step, input, target),
    );
    for (const radio of panel.querySelectorAll<HTMLInputElement>('input[name="view"]'))
      radio.addEventListener("change", () => {
        this.#view = radio.value as View;
        this.#picture.view = this.#view;
        this.#describe();
      });
    this.#describe();
  }

  facts(corpus: Corpus, steps: number, { dispatches }: Facts): void {
    this.#steps = steps;
    this.#dispatches = dispatches.length;
    showDispatches(this.#list, dispatches);
    this.#picture.facts = { text: Array.from(corpus.tokens.subarray(0, steps + 1), (token) => corpus.characters[token]), steps };
    this.#describe();
  }

  #describe(step?: string, input = "", target = ""): void {
    const T = this.#steps;
    if (step !== undefined && this.#view !== "loop") {
      const before = step === "T" ? "T−1" : String(Number(step) - 1);
      this.#caption.textContent =
        `Step ${step} of ${T}: h${sub(step)} = tanh(U·x${sub(step)} + W·h${sub(before)} + b) has read “${input}” and remembers what came before; ` +
        `o${sub(step)} = softmax(V·h${sub(step)} + c) should now name “${target}”. U, W and V are the same as in every other step.`;
      return;
    }
    this.#caption.textContent = {
      loop:
        "A recurrent network is one cell with a loop. U takes in the character x, W carries the memory h over to the next step, " +
        "V turns the memory into a guess o of what comes next. E says how wrong the guess was.",
      unrolled:
        `Unrolled through time, the loop is a chain of T = ${T} copies that share the same U, W and V. The error of each step flows back through all copies before it. ` +
        "Where a framework has no recurrent kernel, each copy costs several GPU dispatches, there and back: hundreds per training step.",
      walk:
        "Unroll does the work of all copies at once: U·x for all steps is one gather, V·h for all steps one matrix product, and in between one kernel walks the whole chain " +
        `on the GPU, keeping h beside it; for the gradient another one walks back. ${this.#dispatches ? `A training step takes ${this.#dispatches} dispatches in all. The number does not grow with T; at some sizes another variant of a kernel is chosen, which takes a few more or less.` : ""}`,
    }[this.#view];
  }
}

const digits = "₀₁₂₃₄₅₆₇₈₉";
const sub = (index: string): string =>
  index
    .replace(/\d/g, (d) => digits[Number(d)])
    .replace("T", "ₜ")
    .replace("−", "₋");
