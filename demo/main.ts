import { benchTab } from "./bench/tab.ts";
import { charRnnTab } from "./char-rnn/tab.ts";
import { convolutionTab } from "./convolution/tab.ts";
import { byId } from "./shared/dom.ts";
import { mountTabs } from "./tabs.ts";
import { missingWebGpu } from "./webgpu-help.ts";

const adapter = byId("adapter");
const help = await missingWebGpu();
const showAdapter = (name: string) => adapter.replaceChildren(name);
if (help) showAdapter("No WebGPU");
// reports of other devices can be read all the same
const tabs = help
  ? [{ id: "help", title: "WebGPU", mount: (panel: HTMLElement) => panel.append(help) }, benchTab(showAdapter, false)]
  : [charRnnTab(showAdapter), convolutionTab(showAdapter), benchTab(showAdapter)];
mountTabs(byId("tabs"), byId("panels"), tabs);
