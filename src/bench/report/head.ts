import { formatAdapter } from "../../gpu/device.ts";
import { outcomeOf } from "../figures.ts";
import type { BenchEnvironment, BenchReport } from "../schema.ts";
import { count, date, duration } from "./format.ts";
import { type Content, html, type Markup } from "./markup.ts";
import { chip, type Shown } from "./subject.ts";

/** What was measured, on what and how. A software adapter is called so in the first line. */
export function renderHead(shown: readonly Shown[]): Markup {
  const software = shown.filter(({ report }) => report.environment.adapter.software);
  const several = shown.length > 1;
  const title = several ? `${shown.length} reports side by side` : formatAdapter(shown[0].report.environment.adapter);
  const warning = several
    ? software.length > 0 &&
      `${software.length === shown.length ? "all" : software.map(({ letter }) => letter).join(", ")}: software, no GPU`
    : software.length > 0 && "software, no GPU";
  return html`<header class="head">
    <h1>${several ? title : adapterName(shown[0].report.environment)}${warning && html` <span class="badge">${warning}</span>`}</h1>
    <div class="heads">${shown.map((one) => renderFacts(one, several))}</div>
  </header>`;
}

const adapterName = ({ adapter }: BenchEnvironment): string => formatAdapter({ ...adapter, software: false });

function renderFacts(one: Shown, several: boolean): Markup {
  const { report } = one;
  const { environment } = report;
  const name =
    several &&
    html`<h2>${chip(one)} ${adapterName(environment)}${environment.adapter.software && html` <span class="badge">software, no GPU</span>`}</h2>`;
  const versions = Object.entries(environment.versions).map(([library, version]) => `${library} ${version}`);
  const how = [
    fact("Runtime", runtimeName(environment)),
    fact("Flags", environment.flags.length > 0 && environment.flags.map((flag) => html`<code>${flag}</code> `)),
    fact("Command", report.command && html`<code>${report.command}</code>`),
  ];
  return html`<div class="facts">
    ${name}
    ${report.incomplete && html`<p class="notice">Stopped before it was through: what was done by then is here.</p>`}
    <dl>
      ${fact("Measured", date(report.date))}
      ${fact("Browser", browserName(environment.userAgent))}
      ${fact("Clock", clockName(report))}
      ${fact("Results", tally(report))}
      ${fact("Versions", versions.join(", "))}
      ${!several && how}
    </dl>
    <details>
      <summary>${several ? "How it was run, features and limits" : "Features and limits"}</summary>
      <dl>
        ${several && how}
        ${fact(
          "Adapter",
          Object.entries(environment.adapter)
            .map(([key, value]) => `${key}: ${value === "" ? "not told" : value}`)
            .join(", "),
        )}
        ${fact("Driver", environment.driver)}
        ${fact("Cores", environment.cores)}
        ${fact("User agent", environment.userAgent)}
        ${fact("Features", environment.features.join(", ") || "none")}
        ${Object.entries(environment.limits).map(([key, value]) => fact(key, count(value)))}
      </dl>
    </details>
  </div>`;
}

/** A page knows of its browser nothing but what the line above says already. */
const runtimeName = ({ runtime: { name, choice }, userAgent }: BenchEnvironment): string =>
  choice === userAgent ? "" : [name, choice].filter(Boolean).join(": ");

const fact = (name: string, value: Content): Markup | undefined =>
  value === undefined || value === false || value === "" ? undefined : html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

function clockName({ clock, environment }: BenchReport): string {
  const { kind, gpuGrainNanoseconds, wallGrainNanoseconds } = clock;
  const wall = `wall clock, grain ${duration(wallGrainNanoseconds)}`;
  // a suite may do without the timestamps that there are
  if (kind === "wall") return environment.features.includes("timestamp-query") ? wall : `${wall}; this device gives no GPU timestamps`;
  return `GPU timestamps${gpuGrainNanoseconds === undefined ? "" : `, grain ${duration(gpuGrainNanoseconds)}`}; ${wall}`;
}

function tally({ results }: BenchReport): string {
  const outcomes = results.map(outcomeOf);
  const of = (outcome: string) => outcomes.filter((other) => other === outcome).length;
  const parts = [
    of("timed") && `${of("timed")} timed`,
    of("wrong") && `${of("wrong")} wrong`,
    of("missing") && `${of("missing")} not available`,
  ];
  return parts.filter(Boolean).join(", ") || (results.length > 0 ? `${results.length}` : "none yet");
}

/** Brand, version and system as a user agent tells them. */
export function browserName(userAgent: string): string {
  const [, brand, version] = /(Firefox|Edg|HeadlessChrome|Chrome)\/([\d.]+)/.exec(userAgent.replace(/Chrome(?=.*Edg\/)/, "")) ?? [];
  const [, safari] = /Version\/([\d.]+).*Safari/.exec(userAgent) ?? [];
  const system = /\(([^)]*)\)/.exec(userAgent)?.[1];
  const name = brand
    ? `${{ Edg: "Edge", HeadlessChrome: "Chrome (headless)" }[brand] ?? brand} ${version}`
    : safari
      ? `Safari ${safari}`
      : "";
  return name ? `${name}${system ? ` on ${system.replace(/^X11; /, "").replaceAll(";", ",")}` : ""}` : userAgent;
}
