import { geometricMean, peerRatios } from "../peers.ts";
import { times } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { chip, type Shown } from "./subject.ts";

/** How this library stands to the best of the others in the rows of a suite; nothing where it stands alone. */
export function renderStanding(shown: readonly Shown[], suite: string): Markup[] {
  return shown.flatMap((one) => {
    const ratios = peerRatios(one.report.results).filter((found) => found.suite === suite);
    const mean = geometricMean(ratios.map(({ ratio }) => ratio));
    if (mean === undefined) return [];
    const least = ratios.reduce((a, b) => (b.ratio < a.ratio ? b : a));
    const behind = ratios.filter(({ ratio }) => ratio < 1);
    const rows =
      ratios.length === 1 ? "" : html` in the geometric mean of ${ratios.length} rows, ${times(least.ratio)} at least (${least.name})`;
    return [
      html`<p class="summary">${chip(one)} unroll: <b>${times(mean)}</b> as fast as the best of the others on the GPU${rows}.${
        behind.length > 0 &&
        html` <span class="behind">Behind in ${behind.map(({ name, peer, ratio }) => `${name} (${times(ratio)} of ${peer})`).join("; ")}.</span>`
      }</p>`,
    ];
  });
}
