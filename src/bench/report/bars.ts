import { outcomeOf, positive, reasonOf } from "../figures.ts";
import type { BenchResult, Distribution } from "../schema.ts";
import { count, milliseconds, number, plain } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { barScale, logScale, type Scale } from "./scale.ts";
import { renderStanding } from "./standing.ts";
import { chip, type Entry, type Row, rowsOf, type Shown, suitesOf, suiteTint } from "./subject.ts";

/** Times with their spread: bars where a row has several subjects or reports, else points that share one axis. */
export function renderBars(shown: readonly Shown[]): Markup {
  const suites = suitesOf(shown);
  const rows = rowsOf(shown).filter(({ entries }) => !entries.every(({ result }) => result.parts));
  if (rows.length === 0) return html``;
  return html`<section class="card times" aria-label="Times">
    <header><h2>Times</h2><p class="note">Medians; whiskers from the 10th to the 90th percentile. Shorter is better.</p></header>
    ${suites.map((suite) => {
      const own = rows.filter((row) => row.suite === suite);
      return own.length > 0 && renderSuite(suite, own, shown, suites);
    })}
  </section>`;
}

function renderSuite(suite: string, rows: readonly Row[], shown: readonly Shown[], suites: readonly string[]): Markup {
  const groups = rows.filter(({ entries }) => entries.length > 1);
  const singles = rows.filter(({ entries }) => entries.length === 1);
  const tint = suiteTint(suite, suites);
  return html`<section class="suite ${tint}" data-suite="${suite}" data-whole="">
    <h3>${suite}</h3>
    ${renderStanding(shown, suite)}
    ${groups.length > 0 && html`<div class="groups">${groups.map((row) => renderGroup(row, shown.length > 1, tint))}</div>`}
    ${singles.length > 0 && renderSingles(singles)}
  </section>`;
}

type Clock = "gpu" | "wall";

const timed = ({ result }: Entry, clock: Clock): Distribution | undefined =>
  outcomeOf(result) === "timed" && positive(result[clock]?.median) ? result[clock] : undefined;

/** One clock for all that is compared: the GPU's where every one that was timed has it, else the wall's; undefined where neither does. */
function commonClock(entries: readonly Entry[]): Clock | undefined {
  const having = entries.filter(({ result }) => outcomeOf(result) === "timed");
  return (["gpu", "wall"] as const).find((clock) => having.every((entry) => timed(entry, clock)));
}

const clockName = (clock: Clock): string => (clock === "gpu" ? "GPU time" : "wall time");

function renderGroup({ suite, name, entries }: Row, several: boolean, tint: string): Markup {
  const common = commonClock(entries);
  const clockOf = (entry: Entry): Clock => common ?? (timed(entry, "gpu") ? "gpu" : "wall");
  const scale = barScale(entries.flatMap((entry) => ends(timed(entry, clockOf(entry)))));
  const subjects = entries.map(({ result }) => result.subject).join(" ");
  const anyTimed = entries.some((entry) => timed(entry, clockOf(entry)));
  return html`<div class="group" data-suite="${suite}" data-name="${`${name} ${subjects}`}">
    <h4>${name}${anyTimed && html` <small>${common ? clockName(common) : "GPU or wall time, as marked"}</small>`}</h4>
    <ul class="bars">${entries.map((entry) => renderBar(entry, clockOf(entry), scale, several ? entry.shown.tint : tint, common === undefined))}</ul>
  </div>`;
}

const ends = (distribution: Distribution | undefined): number[] => (distribution ? [distribution.median, distribution.p90] : []);

function renderBar(entry: Entry, clock: Clock, scale: Scale, tint: string, mark: boolean): Markup {
  const { result, shown } = entry;
  const distribution = timed(entry, clock);
  const label = html`<span class="who">${chip(shown)} ${result.subject}${result.chosen && html` <em>chosen</em>`}</span>`;
  if (!distribution) return html`<li class="${outcomeOf(result)}">${label}${reason(result)}</li>`;
  return html`<li>${label}
    <svg class="track" aria-hidden="true">
      <rect class="bar ${tint}${faint(result)}" x="0" y="3" height="14" width="${scale.at(distribution.median)}%"/>
      ${whisker(distribution, scale)}
    </svg>
    <span class="amount" title="${spread(distribution)}">${milliseconds(distribution.median)}${mark && html` <small>${clock === "gpu" ? "GPU" : "wall"}</small>`}</span>
  </li>`;
}

/** The planner's choice and this library stand out from what they are compared with. */
const faint = ({ chosen, suite, subject }: BenchResult): string =>
  chosen === false || (suite === "peers" && subject !== "unroll") ? " faint" : "";

const reason = (result: BenchResult): Markup => {
  const outcome = outcomeOf(result);
  if (outcome === "wrong") return html`<span class="reason"><b>Wrong, not timed:</b> ${reasonOf(result)}</span>`;
  return html`<span class="reason">${outcome === "missing" ? `n/a: ${reasonOf(result)}` : "no time"}</span>`;
};

function whisker({ p10, p90 }: Distribution, scale: Scale): Markup | undefined {
  if (!positive(p10) || !positive(p90)) return undefined;
  const [from, to] = [scale.at(p10), scale.at(p90)];
  return html`<line class="whisker" x1="${from}%" x2="${to}%" y1="10" y2="10"/><line class="whisker" x1="${from}%" x2="${from}%" y1="6" y2="14"/><line class="whisker" x1="${to}%" x2="${to}%" y1="6" y2="14"/>`;
}

const spread = ({ p10, p90, samples, repeats }: Distribution): string =>
  `p10 ${number(p10)}, p90 ${number(p90)} ms; ${count(samples?.length)} samples of ${count(repeats)} runs`;

/** Works of very different length: points on a logarithmic axis. */
function renderSingles(rows: readonly Row[]): Markup {
  const entries = rows.map(({ entries: [entry] }) => entry);
  const common = commonClock(entries);
  const found = entries.map((entry) => timed(entry, common ?? "gpu") ?? timed(entry, "wall"));
  const scale = logScale(
    found.flatMap((d) => (d ? [d.p10, d.median, d.p90] : [])),
    { room: 1.6 },
  );
  const axis =
    found.some(Boolean) &&
    html`<li class="axis-row" aria-hidden="true"><span class="who"></span><svg class="track">${scale.ticks.map((tick) => html`<text class="tick" x="${scale.at(tick)}%" y="14" text-anchor="middle">${plain(number(tick))}</text>`)}</svg><span class="amount"><small>ms, ${common ? clockName(common) : "GPU or wall"}</small></span></li>`;
  return html`<ul class="bars singles" data-whole="">${entries.map((entry, i) => renderSingle(entry, found[i], scale))}${axis}</ul>`;
}

function renderSingle({ result, shown }: Entry, distribution: Distribution | undefined, scale: Scale): Markup {
  const subject = result.subject !== "unroll" && html` <small>${result.subject}</small>`;
  const label = html`<span class="who">${chip(shown)} ${result.name}${subject}</span>`;
  const where = html`data-suite="${result.suite}" data-name="${`${result.name} ${result.subject}`}"`;
  if (!distribution) return html`<li class="${outcomeOf(result)}" ${where}>${label}${reason(result)}</li>`;
  return html`<li ${where}>${label}
    <svg class="track" aria-hidden="true">
      ${scale.ticks.map((tick) => html`<line class="gridline" x1="${scale.at(tick)}%" x2="${scale.at(tick)}%" y1="0" y2="20"/>`)}
      ${whisker(distribution, scale)}
      <circle class="median" cx="${scale.at(distribution.median)}%" cy="10" r="4.5"/>
    </svg>
    <span class="amount" title="${spread(distribution)}">${milliseconds(distribution.median)}</span>
  </li>`;
}
