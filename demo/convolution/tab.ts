import { find } from "../shared/dom.ts";
import { acceptDrops } from "../shared/drop.ts";
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
    const pixels = new Pixels(card("pixels"));
    acceptDrops(panel, ["dropping", "dropping-picture"], (files) => {
      // Its card may be far from what is in view.
      card("pixels").scrollIntoView({ block: "nearest" });
      void pixels.read(files.find(({ type }) => type.startsWith("image/")) ?? files[0]);
    });
    new Sliding(card("slide"));
    new Invariance(card("drag"));
    new Connections(card("connect"));
  },
});
