import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface ChartLine {
  readonly label: string;
  /** Name of the CSS custom property with its colour. */
  readonly color: string;
  readonly width?: number;
  readonly dash?: readonly number[];
  /** A level instead of values: drawn across the whole chart, whatever has come so far. */
  readonly level?: () => number;
}

export interface ChartOptions {
  readonly lines: readonly ChartLine[];
  readonly height: number;
  readonly logarithmic?: boolean;
  /** Values that are always in view, such as a baseline. */
  readonly include?: () => readonly number[];
  /** Decimals in the legend. Default 2, more where there would be but zeros. */
  readonly decimals?: number;
}

/** Pixels from one label of an axis to the next, at least. */
const LABEL_HEIGHT = 15;

/** A live line chart over steps, in the colours of the page, with a legend that shows the values under the pointer. */
export class LineChart {
  readonly #figure: HTMLElement;
  readonly #options: ChartOptions;
  readonly #readouts: HTMLElement[] = [];
  #plot: uPlot | undefined;
  #data: uPlot.AlignedData;
  #latest: readonly number[] = [];

  constructor(figure: HTMLElement, legend: HTMLElement, options: ChartOptions) {
    this.#figure = figure;
    this.#options = options;
    this.#data = [[], ...this.#curves.map(() => [])];
    for (const line of options.lines) {
      const item = document.createElement("span");
      item.className = "key";
      item.style.setProperty("--key", `var(${line.color})`);
      if (line.dash) item.classList.add("dashed");
      const readout = document.createElement("b");
      readout.className = "value";
      item.append(line.label, " ", readout);
      legend.append(item);
      this.#readouts.push(readout);
    }
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(figure);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
    this.#draw();
  }

  /** @param lines values of the lines that have no level; NaN leaves a gap. */
  update(steps: number[], lines: readonly (readonly number[])[]): void {
    this.#data = [steps, ...lines.map((line) => line.map((value) => (Number.isNaN(value) ? null : value)))];
    this.#plot?.setData(this.#data);
    this.#showValues();
  }

  /** What the legend shows while nothing is pointed at: the numbers of the page beside it, which may be newer than the curve. */
  latest(values: readonly number[]): void {
    this.#latest = values;
    this.#showValues();
  }

  /** The lines that have values. */
  get #curves(): readonly ChartLine[] {
    return this.#options.lines.filter(({ level }) => !level);
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(this.#figure.clientWidth, 100), height: this.#options.height };
  }

  #showValues(): void {
    const index = this.#plot?.cursor.idx;
    const values = typeof index === "number" ? this.#data.slice(1).map((line) => line[index]) : this.#latest;
    const { lines, decimals = 2 } = this.#options;
    lines.forEach(({ level }, i) => {
      const value = level ? level() : values[this.#curves.indexOf(lines[i])];
      const shown = typeof value === "number" && !Number.isNaN(value);
      this.#readouts[i].textContent = shown ? value.toFixed(Math.abs(value) < 0.01 ? decimals + 2 : decimals) : "";
    });
  }

  #draw(): void {
    this.#plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: color("--muted"), font, grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
    const { logarithmic, include } = this.#options;
    const range: uPlot.Range.Function = (_, min, max) => {
      if (logarithmic) return [Math.max(1e-6, Math.min(min ?? 0.4, 0.4) * 0.8), Math.max(max ?? 1, 1) * 1.25];
      const extra = include?.() ?? [];
      const low = Math.min(min ?? extra[0] ?? 0, ...extra);
      const high = Math.max(max ?? extra[0] ?? 1, ...extra);
      return [Math.max(0, low - 0.08 * (high - low) - 0.05), high + 0.05 * (high - low) + 0.05];
    };
    this.#plot = new uPlot(
      {
        ...this.#size(),
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        scales: {
          x: { time: false, range: (_, min, max) => [Math.min(min ?? 0, 1), Math.max(max ?? 0, 50)] },
          y: logarithmic ? { distr: 3, range } : { range },
        },
        axes: [
          {
            ...axis,
            size: 26,
            space: 60,
            label: "training steps",
            labelFont: font,
            labelSize: 18,
            labelGap: 0,
            values: (_, ticks) => ticks.map((tick) => (tick >= 1e4 ? `${tick / 1e3}k` : String(tick))),
          },
          { ...axis, size: 44, space: 34, ...(logarithmic && { filter: roomForLabels }) },
        ],
        series: [
          {},
          ...this.#curves.map((line) => ({
            label: line.label,
            stroke: color(line.color),
            width: line.width ?? 1.5,
            dash: line.dash ? [...line.dash] : undefined,
            points: { show: false },
          })),
        ],
        hooks: { setCursor: [() => this.#showValues()], drawAxes: [(plot) => this.#drawLevels(plot, color)] },
      },
      this.#data,
      this.#figure,
    );
  }

  #drawLevels(plot: uPlot, color: (name: string) => string): void {
    const { ctx: context, bbox } = plot;
    for (const { level, color: name, width = 1.5, dash = [] } of this.#options.lines) {
      if (!level) continue;
      const y = plot.valToPos(level(), "y", true);
      context.save();
      context.strokeStyle = color(name);
      context.lineWidth = width * devicePixelRatio;
      context.setLineDash(dash.map((length) => length * devicePixelRatio));
      context.beginPath();
      context.moveTo(bbox.left, y);
      context.lineTo(bbox.left + bbox.width, y);
      context.stroke();
      context.restore();
    }
  }
}

/** Labels of a logarithmic axis: 1, 5 and 2 come first, the others where there is room between them. */
const roomForLabels: uPlot.Axis.Filter = (plot, splits, _axis, _space, _increment) => {
  const place = (value: number) => plot.valToPos(value, "y");
  const rank = (value: number) => {
    const at = ["1", "5", "2"].indexOf(value.toExponential(0)[0]);
    return at < 0 ? 3 : at;
  };
  const kept: number[] = [];
  const wide = splits[splits.length - 1] > 30 * splits[0];
  // The end of the axis is among them, as odd as it may be; and where decades are narrow, 0.3 alone between two of them would be odd, too.
  const round = splits.filter((value) => Math.abs(Number(value.toExponential(0)) - value) < 1e-6 * value && !(wide && rank(value) === 3));
  for (const value of round.sort((a, b) => rank(a) - rank(b)))
    if (kept.every((other) => Math.abs(place(other) - place(value)) >= LABEL_HEIGHT)) kept.push(value);
  return splits.map((value) => (kept.includes(value) ? value : null));
};
