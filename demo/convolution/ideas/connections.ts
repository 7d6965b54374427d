import { count, find, times } from "../../shared/dom.ts";
import { element, label } from "../../shared/svg.ts";

const UNITS = 8;
const HEIGHT = 176;
const ROW = { output: 34, input: 142 };
const RADIUS = 13;
const SUBSCRIPTS = "₁₂₃₄₅₆₇₈";

interface Edge {
  readonly from: number;
  readonly to: number;
  /** Number of its weight: equal for edges that share one. */
  readonly weight: number;
}

/** The connections of a convolution layer beside those of a dense one: pointing at a weight lights all its uses. */
export class Connections {
  readonly #card: HTMLElement;
  #width = 3;

  constructor(card: HTMLElement) {
    this.#card = card;
    for (const id of ["connect-width", "connect-image"])
      this.#part(id).addEventListener("change", () => {
        this.#width = Number(find(card, '[data-id="connect-width"]', HTMLSelectElement).value);
        this.#show();
      });
    const frame = this.#part("connect-convolution");
    let drawn = 0;
    new ResizeObserver(() => {
      if (frame.clientWidth !== drawn) this.#show();
      drawn = frame.clientWidth;
    }).observe(frame);
    this.#show();
  }

  #part(id: string): HTMLElement {
    return find(this.#card, `[data-id="${id}"]`, HTMLElement);
  }

  #show(): void {
    const half = this.#width >> 1;
    const sparse: Edge[] = [];
    const all: Edge[] = [];
    for (let to = 0; to < UNITS; to++)
      for (let from = 0; from < UNITS; from++) {
        if (Math.abs(from - to) <= half) sparse.push({ from, to, weight: from - to + half });
        all.push({ from, to, weight: to * UNITS + from });
      }
    // A weight that has the focus loses it here: what it says then is overwritten below.
    this.#part("connect-weights").replaceChildren();
    const layer = new Layer(this.#part("connect-convolution"), this.#part("connect-convolution-note"), sparse, this.#width, "convolution");
    this.#part("connect-weights").replaceChildren(...Array.from({ length: this.#width }, (_, weight) => chip(weight, layer)));
    new Layer(this.#part("connect-dense"), this.#part("connect-dense-note"), all, UNITS * UNITS, "dense");
    this.#showCounts();
  }

  #showCounts(): void {
    const side = Number(find(this.#card, '[data-id="connect-image"]', HTMLSelectElement).value);
    const [pixels, window] = [side ** 2, this.#width ** 2];
    // Windows that hang over the edge have fewer pixels to multiply; they are counted in full, as the kernels do.
    for (const [id, value] of Object.entries({
      "count-dense-weights": pixels * pixels,
      "count-dense-products": pixels * pixels,
      "count-conv-weights": window,
      "count-conv-products": pixels * window,
    }))
      this.#part(id).textContent = big(value);
    this.#part("count-ratio").textContent =
      `From ${times(side, side)} pixels to ${times(side, side)} responses, a filter of ${times(this.#width, this.#width)} needs ` +
      `${big(pixels ** 2 / window)} times fewer weights and ${big(pixels / window)} times fewer multiplications.`;
  }
}

/** A weight as a button that lights its uses. */
function chip(weight: number, layer: Layer): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `w${SUBSCRIPTS[weight]}`;
  button.style.setProperty("--connection", `var(--weight-${weight})`);
  for (const type of ["pointerenter", "focus", "click"]) button.addEventListener(type, () => layer.lightWeight(weight));
  for (const type of ["pointerleave", "blur"]) button.addEventListener(type, () => layer.rest());
  return button;
}

const big = (n: number): string => (n >= 1e9 ? `${(n / 1e9).toFixed(2)} G` : count(n));

/** One layer from a row of inputs to a row of outputs. */
class Layer {
  readonly #note: HTMLElement;
  readonly #edges: readonly Edge[];
  readonly #weights: number;
  readonly #lines: readonly SVGLineElement[];
  readonly #kind: "convolution" | "dense";

  constructor(frame: HTMLElement, note: HTMLElement, edges: readonly Edge[], weights: number, kind: "convolution" | "dense") {
    this.#note = note;
    this.#edges = edges;
    this.#weights = weights;
    this.#kind = kind;
    const width = Math.max(frame.clientWidth, 240);
    const x = (unit: number) => ((unit + 0.5) * width) / UNITS;
    const svg = element("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, class: kind, role: "group" });
    svg.setAttribute("aria-label", `${UNITS} inputs x below, ${UNITS} outputs s above, ${edges.length} connections`);
    this.#lines = edges.map((edge) => this.#line(svg, edge, x(edge.from), x(edge.to)));
    for (let unit = 0; unit < UNITS; unit++) {
      this.#unit(svg, x(unit), "output", unit, (edge) => edge.to === unit);
      this.#unit(svg, x(unit), "input", unit, (edge) => edge.from === unit);
    }
    frame.replaceChildren(svg);
    this.rest();
  }

  #line(svg: SVGSVGElement, edge: Edge, from: number, to: number): SVGLineElement {
    const place = { x1: from, y1: ROW.input - RADIUS, x2: to, y2: ROW.output + RADIUS };
    const visible = element("line", { ...place, class: "connection" });
    if (this.#kind === "convolution") visible.style.setProperty("--connection", `var(--weight-${edge.weight})`);
    const target = element("line", { ...place, class: "connection-target" });
    target.addEventListener("pointerenter", () => this.lightWeight(edge.weight));
    target.addEventListener("pointerdown", () => this.lightWeight(edge.weight));
    target.addEventListener("pointerleave", () => this.rest());
    svg.append(visible, target);
    return visible;
  }

  #unit(svg: SVGSVGElement, x: number, row: "input" | "output", unit: number, belongs: (edge: Edge) => boolean): void {
    const letter = row === "input" ? "x" : "s";
    const group = element("g", { class: "unit", tabindex: 0, role: "img", "aria-label": `${row} ${letter} ${unit + 1}` });
    group.append(
      element("circle", { cx: x, cy: ROW[row], r: RADIUS }),
      label(x, ROW[row] + 4, `${letter}${SUBSCRIPTS[unit]}`, { "text-anchor": "middle" }),
    );
    const light = () => {
      const own = this.#edges.filter(belongs);
      this.#light((edge) => own.includes(edge));
      this.#note.textContent =
        row === "output"
          ? `Output ${letter}${SUBSCRIPTS[unit]} sees ${own.length} of the ${UNITS} inputs.`
          : `Input ${letter}${SUBSCRIPTS[unit]} reaches ${own.length} of the ${UNITS} outputs.`;
    };
    for (const type of ["pointerenter", "pointerdown", "focus"]) group.addEventListener(type, light);
    for (const type of ["pointerleave", "blur"]) group.addEventListener(type, () => this.rest());
    svg.append(group);
  }

  lightWeight(weight: number): void {
    const uses = this.#edges.filter((edge) => edge.weight === weight);
    this.#light((edge) => edge.weight === weight);
    this.#note.textContent =
      this.#kind === "convolution"
        ? `Weight w${SUBSCRIPTS[weight]} is used ${uses.length} times: what it learns at one place holds at all others.`
        : `The weight from x${SUBSCRIPTS[uses[0].from]} to s${SUBSCRIPTS[uses[0].to]} is used once: it learns from this pair of units only.`;
  }

  #light(chosen: (edge: Edge) => boolean): void {
    this.#edges.forEach((edge, i) => {
      this.#lines[i].classList.toggle("lit", chosen(edge));
      this.#lines[i].classList.toggle("dim", !chosen(edge));
    });
  }

  rest(): void {
    for (const visible of this.#lines) visible.classList.remove("lit", "dim");
    this.#note.textContent = `${this.#edges.length} connections, ${this.#weights} weights.`;
  }
}
