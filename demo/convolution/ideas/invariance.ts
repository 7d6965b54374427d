import { find, times } from "../../shared/dom.ts";
import { heat, ink, magnitude } from "../../shared/palette.ts";
import { PixelGrid, type Plane } from "../../shared/pixel-grid.ts";
import { DIGIT_SIZE, digitPlane, type Pose, REST } from "./digit.ts";
import { filters } from "./filters.ts";
import { convolve, pool } from "./responses.ts";
import { Turning } from "./turning.ts";

const FARTHEST = 7;
/** A response counts as changed when it differs by more than this part of the largest. */
const NOTICEABLE = 0.1;

/** A digit that is dragged and turned, and what a detector, pooling and maxout make of it. */
export class Invariance {
  readonly #card: HTMLElement;
  readonly #digit: PixelGrid;
  readonly #detector: PixelGrid;
  readonly #pooled: PixelGrid;
  readonly #turn: HTMLInputElement;
  readonly #turning: Turning;
  #pose: Pose = REST;

  constructor(card: HTMLElement) {
    this.#card = card;
    this.#digit = new PixelGrid(this.#part("drag-digit"), {
      label: "The digit; drag it, or move it with the arrow keys",
      cell: 13,
      onDrag: (rows, columns) => this.#move({ ...this.#pose, right: this.#pose.right + columns, down: this.#pose.down + rows }),
    });
    this.#detector = new PixelGrid(this.#part("drag-detector"), { label: "Responses of the detector", cell: 13 });
    this.#pooled = new PixelGrid(this.#part("drag-pooled"), { label: "The same after max pooling", cell: 40 });
    this.#turning = new Turning(card);
    this.#turn = find(card, '[data-id="drag-turn"]', HTMLInputElement);
    this.#turn.addEventListener("input", () => this.#move({ ...this.#pose, degrees: Number(this.#turn.value) }));
    find(card, '[data-id="drag-home"]', HTMLButtonElement).addEventListener("click", () => this.#move(REST));
    for (const id of ["drag-value", "drag-filter", "pool-width", "pool-stride"])
      this.#part(id).addEventListener("change", () => {
        if (id === "drag-value") this.#turning.take(this.#value);
        this.#show();
      });
    for (const radio of card.querySelectorAll<HTMLInputElement>('input[name="drag-view"]'))
      radio.addEventListener("change", () => this.#show());
    this.#turning.take(this.#value);
    this.#move(REST);
  }

  #part(id: string): HTMLElement {
    return find(this.#card, `[data-id="${id}"]`, HTMLElement);
  }

  #chosen(id: string): number {
    return Number(find(this.#card, `[data-id="${id}"]`, HTMLSelectElement).value);
  }

  get #value(): number {
    return this.#chosen("drag-value");
  }

  #move({ right, down, degrees }: Pose): void {
    const near = (offset: number) => Math.max(-FARTHEST, Math.min(FARTHEST, offset));
    this.#pose = { right: near(right), down: near(down), degrees };
    this.#turn.value = String(degrees);
    this.#part("drag-turn-value").textContent = `${String(degrees).replace("-", "−")}°`;
    this.#show();
  }

  /** Responses to a digit, and the same pooled. */
  #respond(image: Plane): { readonly detected: Plane; readonly pooled: Plane } {
    const { value } = find(this.#card, '[data-id="drag-filter"]', HTMLSelectElement);
    const found = convolve(image, filters[value][3], 1);
    const detected = { ...found, values: Float64Array.from(found.values, (response) => Math.max(0, response)) };
    return { detected, pooled: pool(detected, this.#chosen("pool-width"), this.#chosen("pool-stride")) };
  }

  #show(): void {
    const image = digitPlane(this.#value, this.#pose);
    const now = this.#respond(image);
    const start = this.#respond(digitPlane(this.#value));
    const limit = magnitude(start.detected.values);
    const changes = this.#card.querySelector('input[name="drag-view"]:checked[value="changes"]') !== null;
    this.#digit.show(image, { scale: ink });
    for (const [grid, id, plane, before] of [
      [this.#detector, "detector-change", now.detected, start.detected],
      [this.#pooled, "pooled-change", now.pooled, start.pooled],
    ] as const) {
      const difference = Float64Array.from(plane.values, (value, i) => Math.abs(value - before.values[i]));
      grid.show(changes ? { ...plane, values: difference } : plane, { scale: heat(limit, changes ? "--warm" : "--accent") });
      const changed = difference.filter((value) => value > NOTICEABLE * limit).length;
      const alive = Array.from(plane.values).filter((value, i) => Math.max(value, before.values[i]) > NOTICEABLE * limit).length;
      this.#part(id).textContent = `${alive ? Math.round((100 * changed) / alive) : 0} %`;
      this.#part(`${id}-of`).textContent = `of ${alive} active values changed`;
    }
    this.#part("drag-detector-size").textContent = times(now.detected.rows, now.detected.columns);
    this.#part("drag-pooled-size").textContent = times(now.pooled.rows, now.pooled.columns);
    this.#part("drag-pose").textContent = describe(this.#pose);
    this.#turning.show(image, this.#pose.degrees);
  }
}

function describe({ right, down, degrees }: Pose): string {
  const moves = [
    right && `${Math.abs(right)} px ${right > 0 ? "right" : "left"}`,
    down && `${Math.abs(down)} px ${down > 0 ? "down" : "up"}`,
    degrees && `turned ${Math.abs(degrees)}° ${degrees > 0 ? "clockwise" : "counter-clockwise"}`,
  ].filter(Boolean);
  return moves.length > 0
    ? `Moved from where it began: ${moves.join(", ")}.`
    : `${times(DIGIT_SIZE, DIGIT_SIZE)} pixels. Drag the digit, or use the arrow keys.`;
}
