/*
 * One sheet for the page, for --html and for the demo's tab. A page that has the custom properties of the house lends its colours;
 * elsewhere they are these. Widths go by the container, not by the window: the report may stand in a column.
 */

const COLORS = {
  page: ["#f6f6f3", "#13161a"],
  card: ["#ffffff", "#1b1f25"],
  text: ["#1d2024", "#e8eaed"],
  muted: ["#5b626b", "#a0a8b2"],
  line: ["#e1e1dc", "#2c323a"],
  field: ["#8b9096", "#6f7884"],
  accent: ["#1f5fbf", "#82b1ff"],
  warm: ["#b65316", "#f2a56d"],
  error: ["#a8261f", "#ff9c93"],
} as const;

/** Light and dark; told apart by brightness too, so that those who see no red from green can. */
const TINTS = [
  ["#1f5fbf", "#82b1ff"],
  ["#b65316", "#f2a56d"],
  ["#23804a", "#7fd6a1"],
  ["#8a3fa8", "#d7a0ee"],
  ["#16808c", "#72d3de"],
  ["#77700f", "#d8d06a"],
  ["#b0366b", "#ff9cc4"],
] as const;

const variables = (scheme: 0 | 1): string =>
  [
    ...Object.entries(COLORS).map(([name, colors]) => `--r-${name}: var(--${name}, ${colors[scheme]});`),
    ...TINTS.map((colors, i) => `--r-tint-${i}: ${colors[scheme]};`),
  ].join(" ");

const tints = TINTS.map((_, i) => `.report .tint-${i} { --tint: var(--r-tint-${i}); }`).join("\n");

const BASE = `
.report, .report * { box-sizing: border-box; }
.report {
  container-type: inline-size;
  color: var(--r-text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
body:has(> .report.page) { margin: 0; background: var(--r-page); }
.report.page { max-width: 1280px; margin: 0 auto; padding: 24px 24px 32px; }
.report :is(h1, h2, h3, h4, p, dl, dd, ul) { margin: 0; padding: 0; }
.report h1 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.01em; overflow-wrap: anywhere; }
.report h2 { font-size: 1rem; }
.report h3 { font-size: 0.875rem; color: var(--r-muted); font-weight: 600; }
.report h4 { font-size: 0.875rem; font-weight: 600; overflow-wrap: anywhere; }
.report :is(small, .note, .legend, .summary) { font-size: 0.8125rem; color: var(--r-muted); font-weight: 400; }
.report .suite > .summary { margin-bottom: 8px; }
.report .behind { color: var(--r-error); }
.report .summary b { color: var(--r-text); }
.report em { font-style: normal; font-size: 0.75rem; padding: 0 6px; border: 1px solid currentColor; border-radius: 1em; color: var(--r-accent); white-space: nowrap; }
.report code { font-size: 0.8125rem; overflow-wrap: anywhere; }
.report [data-off] { display: none !important; }
.report [data-narrow] { display: none; }
.report :focus-visible { outline: 2px solid var(--r-accent); outline-offset: 2px; }
.report .card { min-width: 0; margin-bottom: 16px; padding: 16px; border: 1px solid var(--r-line); border-radius: 12px; background: var(--r-card); }
.report .card > header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 2px 16px; margin-bottom: 12px; }
.report .split { display: grid; grid-template-columns: minmax(0, 1.8fr) minmax(0, 1fr); gap: 0 16px; }
/* a shadow where there is more to the side, which the ends of the content cover */
.report .scroll { --cover: var(--r-card) 24px, transparent; --shade: color-mix(in srgb, var(--r-text) 22%, transparent), transparent 10px; overflow-x: auto; background: linear-gradient(to right, var(--cover)) local, linear-gradient(to left, var(--cover)) local, linear-gradient(to right, var(--shade)), linear-gradient(to left, var(--shade)); }
.report .nothing { padding: 4px 0 20px; color: var(--r-muted); }
.report .notice { padding: 6px 10px; border-left: 3px solid var(--r-warm); font-size: 0.875rem; }
.report footer { padding-top: 8px; }
`;

const HEAD = `
.report .head { margin-bottom: 16px; }
.report .badge { display: inline-block; padding: 1px 10px; border-radius: 1em; background: color-mix(in srgb, var(--r-warm) 14%, transparent); color: color-mix(in srgb, var(--r-warm) 78%, var(--r-text)); font-size: 0.8125rem; font-weight: 600; letter-spacing: 0; vertical-align: 0.15em; }
.report .heads { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 16px; margin-top: 10px; }
.report .facts { min-width: 0; }
.report .heads > .facts:not(:only-child) { padding: 14px 16px; border: 1px solid var(--r-line); border-radius: 12px; background: var(--r-card); }
.report .facts h2 { margin-bottom: 6px; overflow-wrap: anywhere; }
.report .facts dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 2px 32px; }
.report .facts dl > div { display: grid; grid-template-columns: 6em minmax(0, 1fr); gap: 8px; font-size: 0.875rem; }
.report .facts dt { color: var(--r-muted); overflow-wrap: anywhere; }
.report .facts dd { overflow-wrap: anywhere; }
.report .facts details { margin-top: 6px; font-size: 0.875rem; }
.report .facts details dl { margin-top: 6px; }
.report .facts details dl > div { grid-template-columns: 17em minmax(0, 1fr); font-size: 0.8125rem; }
.report summary { width: fit-content; color: var(--r-muted); cursor: pointer; }
.report .chip { display: inline-block; min-width: 1.5em; padding: 0 4px; border-radius: 4px; background: var(--tint, var(--r-muted)); color: var(--r-card); font-size: 0.75rem; font-weight: 700; line-height: 1.5em; text-align: center; text-decoration: none; }
.report .dot { display: inline-block; width: 9px; height: 9px; margin-right: 7px; border-radius: 50%; background: var(--tint, var(--r-muted)); }
.report .tools { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin-bottom: 16px; }
.report .toggle { min-height: 34px; padding: 2px 12px; border: 1px solid var(--r-field); border-radius: 1.2em; background: var(--r-card); color: inherit; font: inherit; font-size: 0.875rem; cursor: pointer; }
.report .toggle[aria-pressed="false"] { background: none; color: var(--r-muted); text-decoration: line-through; }
.report .toggle[aria-pressed="false"] .dot { opacity: 0.35; }
.report .words { display: flex; align-items: center; gap: 8px; flex: 1 1 200px; max-width: 320px; margin-left: auto; font-size: 0.875rem; color: var(--r-muted); }
.report .words input { width: 100%; min-width: 0; min-height: 34px; padding: 2px 12px; border: 1px solid var(--r-field); border-radius: 8px; background: var(--r-card); color: var(--r-text); font: inherit; }
`;

const PLOTS = `
.report .figure { position: relative; }
.report .figure h3 { margin: 14px 0 6px; }
.report .plot { display: block; width: calc(100% - 56px); height: 430px; margin: 26px 8px 30px 48px; overflow: visible; }
.report .plot.small { height: 140px; margin-bottom: 24px; }
.report svg text { font-size: 12px; fill: var(--r-muted); }
.report .axis-x { margin-bottom: 8px; text-align: center; font-size: 0.75rem; color: var(--r-muted); }
.report :is(.grid line, .gridline) { stroke: var(--r-line); }
.report .grid .frame { stroke: var(--r-field); }
.report .roof-only { --tint: var(--r-text); }
.report .ceiling { stroke: var(--tint); stroke-width: 1.75; }
.report .ceiling.dashed { stroke-dasharray: 6 4; stroke-width: 1.25; opacity: 0.7; }
.report .ceiling.dotted { stroke-dasharray: 1.5 3.5; stroke-width: 1.25; opacity: 0.8; }
.report svg .on-roof { fill: var(--tint); font-weight: 600; paint-order: stroke; stroke: var(--r-card); stroke-width: 4px; stroke-linejoin: round; }
.report .point { fill: color-mix(in srgb, var(--tint) 80%, transparent); stroke: var(--tint); stroke-width: 1.5; cursor: pointer; outline: none; }
.report .point.hollow { fill: var(--r-card); }
.report .point:is(.lit, :focus-visible) { stroke: var(--r-text); stroke-width: 2.5; }
.report .legend { display: flex; flex-wrap: wrap; gap: 0 16px; }
.report .legend b { color: var(--r-text); }
.report .key::before { content: ""; display: inline-block; width: 16px; margin-right: 6px; vertical-align: middle; border-top: 2px solid var(--tint); }
.report .key.dashed::before { border-top: 2px dashed var(--tint); }
.report .key.dotted::before { border-top: 2px dotted var(--tint); }
.report .key.block::before { width: 11px; height: 11px; border: 0; border-radius: 3px; background: var(--tint); vertical-align: -1px; }
.report .tip { position: absolute; z-index: 5; display: grid; max-width: min(340px, 100%); padding: 8px 12px; border: 1px solid var(--r-field); border-radius: 8px; background: var(--r-card); box-shadow: 0 4px 16px rgb(0 0 0 / 0.18); font-size: 0.8125rem; overflow-wrap: anywhere; pointer-events: none; }
.report .curve { stroke: var(--tint); stroke-width: 2; }
.report .knot { fill: var(--tint); stroke: var(--r-card); stroke-width: 1.5; }
`;

const BARS = `
.report .suite + .suite { margin-top: 20px; padding-top: 16px; border-top: 1px solid var(--r-line); }
.report .suite > h3 { margin-bottom: 8px; text-transform: capitalize; font-size: 0.9375rem; color: var(--r-text); }
.report .groups { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 16px 40px; }
.report .groups + .singles { margin-top: 16px; }
.report .bars { display: grid; gap: 1px; list-style: none; }
.report .bars li { display: grid; grid-template-columns: minmax(0, 13em) minmax(0, 1fr) 5.5em; align-items: center; gap: 10px; min-height: 24px; font-size: 0.8125rem; }
.report .singles li, .report .start li { grid-template-columns: minmax(0, 24em) minmax(0, 1fr) 8em; }
.report .bars .who { overflow-wrap: anywhere; line-height: 1.3; }
.report .bars .amount { text-align: right; white-space: nowrap; }
.report .bars .reason { grid-column: 2 / -1; color: var(--r-muted); overflow-wrap: anywhere; line-height: 1.35; padding: 2px 0; }
.report .wrong .reason, .report tr:is(.wrong, .broken) td { color: var(--r-error); }
.report .track { display: block; width: 100%; height: 20px; overflow: visible; }
.report .bar { fill: var(--tint); }
.report .bar.faint { fill: color-mix(in srgb, var(--tint) 38%, var(--r-card)); }
.report .start .bar { stroke: var(--r-card); stroke-width: 1; }
.report .whisker { stroke: var(--r-text); stroke-width: 1.25; }
.report .median { fill: var(--tint); stroke: var(--r-card); stroke-width: 1.5; }
.report .start .legend { margin-bottom: 8px; }
`;

const TABLES = `
.report table { border-collapse: collapse; font-size: 0.8125rem; }
.report :is(th, td) { padding: 4px 0 4px 12px; border-bottom: 1px solid var(--r-line); text-align: right; white-space: nowrap; font-weight: 400; }
.report :is(th:first-child, .text) { text-align: left; }
.report :is(th, td):first-child { padding-left: 0; }
.report thead th { color: var(--r-muted); font-weight: 500; vertical-align: bottom; }
.report tbody tr:hover { background: color-mix(in srgb, var(--r-accent) 6%, transparent); }
.report table.figures { width: 100%; }
.report .figures tbody th { color: var(--r-muted); }
.report .figures tr:last-child > * { border-bottom: 0; }
.report .all table { width: 100%; }
.report :is(.all, .ratios) .reason { white-space: normal; min-width: 20em; }
.report .all td small, .report .all th small { font-size: 0.75rem; }
.report .all tbody th > .dot { margin-left: -16px; }
.report .all tbody th { position: sticky; left: 0; min-width: 15em; padding: 4px 8px 4px 16px; background: var(--r-card); white-space: normal; overflow-wrap: anywhere; }
.report th button { position: relative; padding: 0; border: 0; background: none; color: inherit; font: inherit; cursor: pointer; }
.report th button:hover { color: var(--r-accent); }
.report th button::after { position: absolute; left: 100%; }
.report [aria-sort] { color: var(--r-text); }
.report [aria-sort="ascending"] button::after { content: "↑"; }
.report [aria-sort="descending"] button::after { content: "↓"; }
.report table.ratios { width: 100%; margin-top: 6px; }
.report .ratios tbody th { white-space: normal; overflow-wrap: anywhere; min-width: 11em; }
.report .ratios .wide { width: 40%; }
.report .ratio { fill: var(--r-muted); opacity: 0.5; }
.report .faster .ratio { fill: var(--r-tint-2); opacity: 1; }
.report .slower .ratio { fill: var(--r-error); opacity: 1; }
.report :is(.same, .unclear) b { font-weight: 400; color: var(--r-muted); }
.report .compare h3 { margin-top: 12px; color: var(--r-text); overflow-wrap: anywhere; }
`;

const NARROW = `
@container (max-width: 860px) {
  .report .split { grid-template-columns: minmax(0, 1fr); }
}
@container (max-width: 560px) {
  .report .card { padding: 12px; }
  .report h1 { font-size: 1.25rem; }
  .report .plot { height: 320px; }
  .report .words { flex-basis: 100%; max-width: none; }
  .report .facts details dl > div { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .report .bars li { grid-template-columns: minmax(0, 1fr) 6em; gap: 0 8px; padding: 3px 0; }
  .report .bars li .track { grid-column: 1 / -1; grid-row: 2; }
  .report .bars .reason { grid-column: 1 / -1; }
  .report .singles li, .report .start li { grid-template-columns: minmax(0, 1fr) auto; }
  .report .ratios .wide { display: none; }
  .report .ratios tbody th { min-width: 8em; }
  .report .ratios td small { display: block; }
  .report .all tbody th { min-width: 10.5em; max-width: 10.5em; }
  .report .all tbody th [data-narrow] { display: block; }
  .report .all [data-wide] { display: none; }
  .report .figures :is(th, td) { padding-left: 8px; white-space: normal; }
}
@media (max-width: 600px) {
  .report.page { padding: 16px 12px 24px; }
}
`;

export const reportCss = `:root, :host { color-scheme: light dark; ${variables(0)} }
@media (prefers-color-scheme: dark) { :root, :host { ${variables(1)} } }
${tints}${BASE}${HEAD}${PLOTS}${BARS}${TABLES}${NARROW}`;
