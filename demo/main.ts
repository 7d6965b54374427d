import { benchTab } from "./bench/tab.ts";
import { charRnnTab } from "./char-rnn/tab.ts";
import { convolutionTab } from "./convolution/tab.ts";
import { byId } from "./shared/dom.ts";
import { mountTabs } from "./tabs.ts";
import { missingWebGpu } from "./webgpu-help.ts";

const adapter = byId("adapter");
const help = await missingWebGpu();
if (help) {
  adapter.textContent = "No WebGPU";
  byId("panels").append(help);
} else {
  const showAdapter = (name: string) => adapter.replaceChildren(name);
  mountTabs(byId("tabs"), byId("panels"), [charRnnTab(showAdapter), convolutionTab(showAdapter), benchTab(showAdapter)]);
}
