import { FILTERS, SIDE } from "../../digits/index.ts";
import { find } from "../../shared/dom.ts";
import { diverging, heat, ink, magnitude, type Scale } from "../../shared/palette.ts";
import { PixelGrid } from "../../shared/pixel-grid.ts";
import type { Look } from "./session.ts";

/** Input, filters and feature maps of the picture that is looked at. */
export class Maps {
  readonly #seen: PixelGrid;
  readonly #filters: readonly PixelGrid[];
  readonly #rows: readonly (readonly [name: "detected1" | "pooled1" | "pooled2", grids: readonly PixelGrid[]])[];

  constructor(panel: HTMLElement) {
    const row = (id: string, count: number, what: string): PixelGrid[] =>
      Array.from({ length: count }, (_, i) => {
        const host = document.createElement("div");
        find(panel, `[data-id="${id}"]`, HTMLElement).append(host);
        return new PixelGrid(host, { label: `${what} ${i + 1}`, cell: 64 });
      });
    this.#seen = new PixelGrid(find(panel, '[data-id="map-seen"]', HTMLElement), { label: "What the network gets to see", cell: 6 });
    this.#filters = row("map-filters", FILTERS[0], "Filter");
    this.#rows = [
      ["detected1", row("map-detected1", FILTERS[0], "Responses of filter")],
      ["pooled1", row("map-pooled1", FILTERS[0], "Pooled responses of filter")],
      ["pooled2", row("map-pooled2", FILTERS[1], "Pooled responses of the second layer, filter")],
    ];
  }

  /** @param weights [5, 5, 1, filters] */
  showFilters(weights: Float32Array): void {
    showChannels(this.#filters, weights, diverging(magnitude(weights)));
  }

  show(look: Look): void {
    this.#seen.show({ rows: SIDE, columns: SIDE, values: look.seen }, { scale: ink });
    for (const [name, grids] of this.#rows) showChannels(grids, look[name], heat(magnitude(look[name])));
  }
}

/** Shows [rows, columns, channels] with square planes, each channel in its own grid. */
function showChannels(grids: readonly PixelGrid[], values: Float32Array, scale: () => Scale): void {
  const channels = grids.length;
  const side = Math.sqrt(values.length / channels);
  grids.forEach((grid, c) => {
    const plane = Float32Array.from({ length: side * side }, (_, i) => values[i * channels + c]);
    grid.show({ rows: side, columns: side, values: plane }, { scale });
  });
}
