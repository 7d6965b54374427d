import { find } from "../../shared/dom.ts";
import { heat } from "../../shared/palette.ts";
import { type Cell, PixelGrid } from "../../shared/pixel-grid.ts";
import type { Evaluation } from "./session.ts";

const CLASSES = 10;
/** A row and a column for the digits' names. */
const SIDE = CLASSES + 1;

/** How often each digit of the held-out fonts is read as which. */
export class Confusion {
  readonly #grid: PixelGrid;
  readonly #note: HTMLElement;
  #counts: Uint32Array = new Uint32Array(CLASSES * CLASSES);

  constructor(panel: HTMLElement) {
    this.#note = find(panel, '[data-id="confusion-note"]', HTMLElement);
    this.#grid = new PixelGrid(find(panel, '[data-id="confusion"]', HTMLElement), {
      label: "How often each digit (rows) is read as which (columns); arrow keys point at a cell",
      cell: 36,
      onPoint: (cell) => this.#point(cell),
    });
    this.clear();
  }

  clear(): void {
    this.#counts = new Uint32Array(CLASSES * CLASSES);
    this.#show();
    this.#note.textContent =
      "Each row is a digit of the held-out fonts, each column what it is read as. A perfect reader fills only the diagonal.";
  }

  show({ confusion }: Evaluation): void {
    this.#counts = confusion;
    this.#show();
    const worst = Array.from(confusion.keys())
      .filter((i) => i % (CLASSES + 1) !== 0)
      .reduce((most, i) => (confusion[i] > confusion[most] ? i : most), 1);
    this.#note.textContent =
      confusion[worst] > 0
        ? `Most often confused: ${Math.floor(worst / CLASSES)} read as ${worst % CLASSES}, ${confusion[worst]} of ${this.#of(Math.floor(worst / CLASSES))} times.`
        : "Every digit of the held-out fonts is read correctly.";
  }

  #of(digit: number): number {
    return this.#counts.subarray(digit * CLASSES, (digit + 1) * CLASSES).reduce((sum, n) => sum + n, 0);
  }

  #show(): void {
    const most = Math.max(1, ...this.#counts);
    const at = (i: number) => [Math.floor(i / SIDE) - 1, (i % SIDE) - 1] as const;
    // Names of rows and columns are cells of their own, marked as −1.
    const values = Float64Array.from({ length: SIDE * SIDE }, (_, i) => {
      const [digit, read] = at(i);
      return digit < 0 || read < 0 ? -1 : this.#counts[digit * CLASSES + read];
    });
    this.#grid.show(
      { rows: SIDE, columns: SIDE, values },
      {
        scale: () => {
          const [right, wrong, name] = [heat(most)(), heat(most / 3, "--warm")(), heat(1, "--text")()];
          return (value, i) => {
            const [digit, read] = at(i);
            return value < 0 ? name(0.05) : digit === read ? right(value) : wrong(value);
          };
        },
        text: (value, i) => {
          const [digit, read] = at(i);
          return value > 0 ? String(value) : value === 0 ? "" : digit < 0 ? (read < 0 ? "" : String(read)) : String(digit);
        },
      },
    );
  }

  #point({ row, column }: Cell): void {
    const [digit, read] = [Math.max(0, row - 1), Math.max(0, column - 1)];
    this.#grid.mark([{ row: digit + 1, column: read + 1, rows: 1, columns: 1 }]);
    const times = `${this.#counts[digit * CLASSES + read]} of ${this.#of(digit)} times`;
    this.#note.textContent = digit === read ? `${digit} is read correctly ${times}.` : `${digit} is read as ${read} ${times}.`;
  }
}
