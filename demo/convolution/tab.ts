import { find } from "../shared/dom.ts";
import type { Tab } from "../tabs.ts";
import "./convolution.css";
import { Connections } from "./ideas/connections.ts";
import ideasHtml from "./ideas/ideas.html?raw";
import { Invariance } from "./ideas/invariance.ts";
import { Pixels } from "./ideas/pixels.ts";
import { Sliding } from "./ideas/sliding.ts";
import "./live/live.css";
import liveHtml from "./live/live.html?raw";
import { Live } from "./live/live.ts";

/** The tab in which a convolutional network learns to read, and where the textbook's ideas can be played with. */
export const convolutionTab = (showAdapter: (name: string) => void): Tab => ({
  id: "convolution",
  title: "Convolution",
  mount(panel) {
    panel.innerHTML = liveHtml + ideasHtml;
    new Live(panel, showAdapter).begin();
    const card = (id: string) => find(panel, `[data-id="${id}-card"]`, HTMLElement);
    new Pixels(card("pixels"));
    new Sliding(card("slide"));
    new Invariance(card("drag"));
    new Connections(card("connect"));
  },
});
