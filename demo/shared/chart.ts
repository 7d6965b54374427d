import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface ChartLine {
  readonly label: string;
  /** Name of the CSS custom property with its colour. */
  readonly color: string;
  readonly width?: number;
  readonly dash?: readonly number[];
}

export interface ChartOptions {
  readonly lines: readonly ChartLine[];
  readonly height: number;
  readonly logarithmic?: boolean;
  /** Values that are always in view, such as a baseline. */
  readonly include?: () => number | readonly number[];
}

/** A live line chart over steps, in the colours of the page, with a legend that shows the values under the pointer. */
export class LineChart {
  readonly #figure: HTMLElement;
  readonly #options: ChartOptions;
  readonly #readouts: HTMLElement[] = [];
  #plot: uPlot | undefined;
  #data: uPlot.AlignedData;

  constructor(figure: HTMLElement, legend: HTMLElement, options: ChartOptions) {
    this.#figure = figure;
    this.#options = options;
    this.#data = [[], ...options.lines.map(() => [])];
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

  update(steps: number[], lines: readonly (readonly number[])[]): void {
    this.#data = [steps, ...lines.map((line) => line as number[])];
    this.#plot?.setData(this.#data);
    this.#showValues();
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(this.#figure.clientWidth, 100), height: this.#options.height };
  }

  #showValues(): void {
    const index = this.#plot?.cursor.idx ?? this.#data[0].length - 1;
    this.#readouts.forEach((readout, i) => {
      const value = this.#data[i + 1][index];
      readout.textContent = typeof value === "number" ? value.toFixed(value < 0.01 ? 4 : 2) : "";
    });
  }

  #draw(): void {
    this.#plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: color("--muted"), font, grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
    const { lines, logarithmic, include } = this.#options;
    const range: uPlot.Range.Function = (_, min, max) => {
      if (logarithmic) return [Math.max(1e-6, Math.min(min ?? 0.4, 0.4) * 0.8), Math.max(max ?? 1, 1) * 1.25];
      const extra = [include?.() ?? []].flat();
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
          { ...axis, size: 30, space: 60, values: (_, ticks) => ticks.map((tick) => (tick >= 1e4 ? `${tick / 1e3}k` : String(tick))) },
          { ...axis, size: 44, space: 34 },
        ],
        series: [
          {},
          ...lines.map((line) => ({
            label: line.label,
            stroke: color(line.color),
            width: line.width ?? 1.5,
            dash: line.dash ? [...line.dash] : undefined,
            points: { show: false },
          })),
        ],
        hooks: { setCursor: [() => this.#showValues()] },
      },
      this.#data,
      this.#figure,
    );
  }
}
