import { element, label, path } from "../shared/svg.ts";

export type View = "loop" | "unrolled" | "walk";

export interface PictureFacts {
  /** Characters of the text, from its beginning. */
  readonly text: readonly string[];
  /** T, the length of the sequence. */
  readonly steps: number;
}

const GAP = 108;
const RADIUS = 21;
const ROW = { error: 48, output: 124, memory: 216, input: 308 };
const HEIGHT = 356;

const shown = (character: string | undefined): string => (character === " " ? "␣" : character === "\n" ? "⏎" : (character ?? "?"));

/**
 * The network as a loop, unrolled through time, and as one walk. It is drawn at the width that it gets, with as many time steps as fit;
 * the last column is always step T. Columns can be pointed at or reached with the keyboard.
 */
export class Picture {
  readonly #frame: HTMLElement;
  readonly #onStep: (step: string | undefined, input: string, target: string) => void;
  #facts: PictureFacts = { text: [], steps: 32 };
  #view: View = "unrolled";
  #width = 0;

  constructor(frame: HTMLElement, onStep: (step: string | undefined, input: string, target: string) => void) {
    this.#frame = frame;
    this.#onStep = onStep;
    new ResizeObserver(() => {
      if (frame.clientWidth !== this.#width) this.#draw();
    }).observe(frame);
  }

  set facts(facts: PictureFacts) {
    this.#facts = facts;
    this.#draw();
  }

  set view(view: View) {
    this.#view = view;
    this.#frame.querySelector("svg")?.setAttribute("data-view", view);
  }

  #draw(): void {
    const width = Math.max(this.#frame.clientWidth, 280);
    this.#width = this.#frame.clientWidth;
    const columns = Math.max(3, Math.min(8, Math.floor((width - 60) / GAP), this.#facts.steps));
    const gap = Math.min(150, (width - 90) / columns);
    const left = (width - gap * (columns - 1)) / 2 + 14;
    const middle = columns >> 1;
    const svg = element("svg", {
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width,
      height: HEIGHT,
      role: "group",
      "aria-label":
        "The network through time: each character x goes through U into the memory h, which W carries on and V turns into a guess o",
      "data-view": this.#view,
    });
    svg.append(...arrowHeads(), ...this.#bands(width));
    for (let i = 0; i < columns; i++) {
      const x = left + i * gap;
      // The column in the middle is the one that stays when the loop is folded; all others slide into it.
      const column = this.#column(i, columns, gap, i === middle);
      column.style.setProperty("--x", `${x}px`);
      column.style.setProperty("--home", `${width / 2}px`);
      svg.append(column);
    }
    const walker = element("circle", { r: 7, class: "walker", cy: ROW.memory });
    walker.style.setProperty("--from", `${left}px`);
    walker.style.setProperty("--to", `${left + (columns - 1) * gap}px`);
    svg.append(walker);
    this.#frame.replaceChildren(svg);
  }

  /** The four (groups of) kernels that do the work of all columns, as bands behind them. */
  #bands(width: number): SVGElement[] {
    const band = (y: number, text: string, name: string, below = false): SVGElement => {
      const group = element("g", { class: `band ${name}` });
      // The text's place is beyond the circles, which come close at the left of a narrow picture.
      group.append(
        element("rect", { x: 1, y: below ? y - 33 : y - 37, width: width - 2, height: 70, rx: 10 }),
        label(10, below ? y + 33 : y - 25, text, { class: "band-text" }),
      );
      return group;
    };
    const wide = width > 420;
    return [
      band(ROW.error, "one loss", "product"),
      band(ROW.output, wide ? "one product V·h" : "one product", "product"),
      band(ROW.memory, "one walk", "recurrent", true),
      band(ROW.input, wide ? "one gather U·x" : "one gather", "product"),
    ];
  }

  #column(i: number, columns: number, gap: number, keep: boolean): SVGGElement {
    const { text, steps } = this.#facts;
    const last = i === columns - 1;
    const cut = last && columns < steps;
    const t = last ? steps - 1 : i;
    const index = last ? "T" : String(i + 1);
    const [input, target] = [shown(text[t]), shown(text[t + 1])];
    const column = element("g", {
      class: keep ? "column keep" : "column",
      tabindex: 0,
      role: "img",
      "aria-label": `Step ${index}: reads ${input}, should guess ${target}`,
    });
    column.append(element("rect", { class: "hit", x: -gap / 2, y: 4, width: gap, height: HEIGHT - 8, rx: 10 }));
    const up = (from: number, to: number, name: string) => [
      path(`M0 ${from - RADIUS}V${to + RADIUS + 5}`, "edge"),
      label(-8, (from + to) / 2 + 5, name, { class: "weight", "text-anchor": "end" }),
    ];
    column.append(
      ...up(ROW.input, ROW.memory, "U"),
      ...up(ROW.memory, ROW.output, "V"),
      path(`M0 ${ROW.output - RADIUS}V${ROW.error + 19}`, "edge"),
    );
    // The first step continues the run before: its arrow is a stub.
    const from = i === 0 ? -58 : -gap + RADIUS;
    const more = gap < 120 ? `+${steps - columns}` : `${steps - columns} more`;
    const carry = element("g", { class: "carry" });
    carry.append(
      path(`M${from} ${ROW.memory}H${-RADIUS - 6}`, cut ? "edge cut" : "edge", "carry"),
      label((from - RADIUS - 6) / 2, ROW.memory - 8, "W", { class: "weight", "text-anchor": "middle" }),
    );
    if (cut) carry.append(label((from - RADIUS - 6) / 2, ROW.memory + 21, more, { class: "small", "text-anchor": "middle" }));
    column.append(carry);
    if (keep) column.append(loop());
    column.append(
      node(ROW.input, "x", index, "input"),
      node(ROW.memory, "h", index, "memory"),
      node(ROW.output, "o", index, "output"),
      label(0, ROW.error + 5, `E: “${target}”`, { class: "target", "text-anchor": "middle" }),
      label(RADIUS + 7, ROW.input + 6, `“${input}”`, { class: "character" }),
    );
    const enter = () => this.#onStep(index === "T" && !cut ? String(steps) : index, input, target);
    column.addEventListener("pointerenter", enter);
    column.addEventListener("focus", enter);
    column.addEventListener("pointerleave", () => this.#onStep(undefined, "", ""));
    column.addEventListener("blur", () => this.#onStep(undefined, "", ""));
    return column;
  }
}

/** A circle with a letter and its time step; folded, the step is "t". */
function node(y: number, letter: string, index: string, name: string): SVGGElement {
  const group = element("g", { class: `node ${name}` });
  const text = label(0, y + 5, letter, { "text-anchor": "middle" });
  const subscript = (value: string, kind: string) => {
    const part = element("tspan", { class: kind, dy: 4 });
    part.textContent = value;
    return part;
  };
  text.append(subscript(index, "sub step"), subscript("t", "sub folded"));
  group.append(element("circle", { cy: y, r: RADIUS }), text);
  return group;
}

/** W as a loop from h to itself, with the square that stands for a delay of one step. */
function loop(): SVGGElement {
  const group = element("g", { class: "loop" });
  const y = ROW.memory;
  group.append(
    path(`M${RADIUS} ${y}C78 ${y - 6} 78 ${y + 62} 40 ${y + 52}C26 ${y + 48} 18 ${y + 40} 13 ${y + 23}`, "edge", "carry"),
    element("rect", { class: "delay", x: 60, y: y + 20, width: 11, height: 11 }),
    label(78, y + 31, "W, one step later", { class: "weight" }),
  );
  return group;
}

/** One arrow head for each colour of edge. */
function arrowHeads(): SVGMarkerElement[] {
  return ["edge", "carry"].map((name) => {
    const marker = element("marker", {
      id: `arrow-${name}`,
      viewBox: "0 0 8 8",
      refX: 4,
      refY: 4,
      markerWidth: 11,
      markerHeight: 11,
      orient: "auto",
      markerUnits: "userSpaceOnUse",
    });
    marker.append(element("path", { d: "M0 0 8 4 0 8Z", class: `arrow-${name}` }));
    return marker;
  });
}
