import type { DispatchReport } from "../../src/index.ts";
import { times } from "./dom.ts";

/** The rows of the table that says what the GPU does in one training step. */
export function showDispatches(body: HTMLElement, dispatches: readonly DispatchReport[]): void {
  body.replaceChildren(
    ...dispatches.map(({ kernel, outputs, workgroups, flops }, i) =>
      row(String(i + 1), kernel, outputs.join(" "), times(...workgroups), flops > 0 ? (flops / 1e6).toFixed(2) : ""),
    ),
  );
}

function row(...cells: string[]): HTMLTableRowElement {
  const made = document.createElement("tr");
  for (const cell of cells) made.insertCell().textContent = cell;
  return made;
}
