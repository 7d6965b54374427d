import type { Tab } from "../tabs.ts";
import "./convolution.css";
import { find } from "../shared/dom.ts";
import { Connections } from "./ideas/connections.ts";
import ideasHtml from "./ideas/ideas.html?raw";
import { Invariance } from "./ideas/invariance.ts";
import { Pixels } from "./ideas/pixels.ts";
import { Sliding } from "./ideas/sliding.ts";

/** The tab on convolution: the textbook's ideas, each to play with. */
export const convolutionTab = (): Tab => ({ id: "convolution", title: "Convolution", mount });

function mount(panel: HTMLElement): void {
  panel.innerHTML = ideasHtml;
  const card = (id: string) => find(panel, `[data-id="${id}-card"]`, HTMLElement);
  new Pixels(card("pixels"));
  new Sliding(card("slide"));
  new Invariance(card("drag"));
  new Connections(card("connect"));
}
