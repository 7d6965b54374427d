import {
  type BenchReport,
  type MountedReport,
  mountReport,
  parseReport,
  renderPage,
  runBench,
  type SuiteName,
} from "../../src/bench/index.ts";
import { formatAdapter } from "../../src/index.ts";
import { adapterName } from "../shared/adapter.ts";
import { find } from "../shared/dom.ts";
import { acceptFiles, type TextFile } from "../shared/drop.ts";
import type { Tab } from "../tabs.ts";
import "./bench.css";
import { fileName, saveFile } from "./files.ts";
import panelHtml from "./panel.html?raw";

/** Milliseconds between two drawings of a report that grows. */
const DRAW_EVERY = 150;

/**
 * The tab that measures this device, where it `canRun`, and sets reports side by side. `showAdapter` gets the name of the GPU that is used.
 */
export const benchTab = (showAdapter: (name: string) => void, canRun = true): Tab => ({
  id: "bench",
  title: "Bench",
  mount: (panel) => {
    new Bench(panel, showAdapter, canRun);
    if (canRun) void adapterHere().then((name) => name && showAdapter(name));
  },
});

/** What this browser computes on, before anything was measured. */
async function adapterHere(): Promise<string | undefined> {
  const info = (await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }))?.info as
    | (GPUAdapterInfo & { isFallbackAdapter?: boolean })
    | undefined;
  if (!info) return undefined;
  const { vendor, architecture, device, description } = info;
  return adapterName({ adapter: { vendor, architecture, device, description, software: info.isFallbackAdapter === true } });
}

class Bench {
  readonly #panel: HTMLElement;
  readonly #showAdapter: (name: string) => void;
  readonly #part: <E extends Element>(id: string, type: new () => E) => E;
  /** Measured here, as far as it has come. */
  #own: BenchReport | undefined;
  /** From files. */
  readonly #others: { readonly name: string; readonly report: BenchReport }[] = [];
  #view: MountedReport | undefined;
  #running: AbortController | undefined;
  #drawn = 0;

  constructor(panel: HTMLElement, showAdapter: (name: string) => void, canRun: boolean) {
    panel.innerHTML = panelHtml;
    this.#panel = panel;
    this.#showAdapter = showAdapter;
    this.#part = (id, type) => find(panel, `[data-id="${id}"]`, type);
    find(panel, "form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#run();
    });
    this.#button("bench-stop").addEventListener("click", () => {
      this.#running?.abort();
      this.#button("bench-stop").disabled = true;
      this.#say("Stopping after the row that is measured …");
    });
    this.#button("bench-save-json").addEventListener("click", () => this.#saveJson());
    this.#button("bench-save-html").addEventListener("click", () => this.#savePage());
    acceptFiles(panel, this.#part("bench-file", HTMLInputElement), ["dropping", "dropping-reports"], (files) => this.#read(files));
    panel.setAttribute("aria-busy", "false");
    if (canRun) return;
    this.#button("bench-run").disabled = true;
    this.#say("Without WebGPU this browser cannot measure. Open reports of other devices, or drop them here.");
  }

  #button(id: string): HTMLButtonElement {
    return this.#part(id, HTMLButtonElement);
  }

  get #reports(): BenchReport[] {
    return [...(this.#own ? [this.#own] : []), ...this.#others.map(({ report }) => report)];
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    const suites = Array.from(this.#panel.querySelectorAll<HTMLInputElement>('[name="suite"]:checked'), ({ value }) => value);
    if (suites.length === 0) return this.#say("Choose at least one suite.", true);
    const running = new AbortController();
    this.#running = running;
    this.#busy(true);
    this.#say("Preparing …");
    this.#own = undefined;
    try {
      const report = await runBench({
        suites: suites as SuiteName[],
        quick: this.#part("bench-quick", HTMLInputElement).checked,
        signal: running.signal,
        onProgress: (progress) => this.#progress(progress),
        onReport: (partial) => this.#take(partial),
      });
      this.#own = report;
      this.#say(report.incomplete ? "Stopped. What was done is below." : `Done: ${report.results.length} results.`);
    } catch (error) {
      this.#keepPartial();
      if (running.signal.aborted) this.#say("Stopped. What was done is below.");
      else this.#fail("The bench could not go on", error);
    }
    this.#running = undefined;
    this.#busy(false);
    this.#draw();
  }

  /** What a run that broke off has left is a report, too. */
  #keepPartial(): void {
    if (this.#own) this.#own = { ...this.#own, incomplete: true };
  }

  /** Called between two measurements, and draws at once: a timer would draw in the middle of the next. */
  #take(partial: BenchReport): void {
    this.#own = partial;
    if (performance.now() - this.#drawn > DRAW_EVERY) this.#draw();
  }

  #draw(): void {
    if (this.#own) this.#showAdapter(adapterName(this.#own.environment));
    const place = this.#part("bench-report", HTMLElement);
    const reports = this.#reports;
    place.hidden = reports.length === 0;
    if (this.#view) this.#view.update(reports);
    else if (reports.length > 0) this.#view = mountReport(place, reports);
    this.#button("bench-save-json").disabled = this.#own === undefined || this.#running !== undefined;
    this.#button("bench-save-html").disabled = reports.length === 0 || this.#running !== undefined;
    this.#listOthers();
    this.#drawn = performance.now();
  }

  #progress({ done, total, name }: { done: number; total: number; name: string }): void {
    const bar = this.#part("bench-progress", HTMLProgressElement);
    Object.assign(bar, { max: Math.max(1, total), value: done });
    if (!this.#running?.signal.aborted) this.#say(`${done + 1} of ${total}: ${name}`);
  }

  #read(files: readonly TextFile[]): void {
    const problems: string[] = [];
    for (const { name, text } of files)
      try {
        this.#others.push({ name, report: parseReport(text) });
      } catch (error) {
        problems.push(`“${name}”: ${error instanceof Error ? error.message : String(error)}.`);
      }
    if (problems.length > 0) this.#say(problems.join(" "), true);
    else if (!this.#running) this.#say(this.#saying());
    this.#draw();
  }

  #saying(): string {
    if (this.#reports.length > 1) return "Side by side below.";
    return this.#button("bench-run").disabled ? "Below." : "Press Run to measure this device beside it.";
  }

  #listOthers(): void {
    const items = this.#others.map((other) => {
      const item = document.createElement("li");
      const remove = document.createElement("button");
      Object.assign(remove, { type: "button", textContent: "×", title: `Take ${other.name} away` });
      remove.setAttribute("aria-label", `Take ${other.name} away`);
      remove.addEventListener("click", () => {
        this.#others.splice(this.#others.indexOf(other), 1);
        this.#draw();
      });
      item.append(`${other.name}: ${formatAdapter(other.report.environment.adapter)}`, remove);
      return item;
    });
    this.#part("bench-others", HTMLElement).replaceChildren(...items);
  }

  #nameOf(report: BenchReport): string {
    const { vendor, architecture, description } = report.environment.adapter;
    return fileName("unroll-bench", vendor || description, architecture, report.date.slice(0, 10));
  }

  #saveJson(): void {
    if (this.#own) saveFile(`${this.#nameOf(this.#own)}.json`, "application/json", `${JSON.stringify(this.#own, undefined, 2)}\n`);
  }

  #savePage(): void {
    const reports = this.#reports;
    if (reports.length > 0) saveFile(`${this.#nameOf(reports[0])}.html`, "text/html", renderPage(reports));
  }

  #busy(busy: boolean): void {
    this.#panel.setAttribute("aria-busy", String(busy));
    this.#button("bench-run").disabled = busy;
    this.#button("bench-stop").disabled = !busy;
    for (const input of this.#panel.querySelectorAll<HTMLInputElement>(".choices input")) input.disabled = busy;
    const bar = this.#part("bench-progress", HTMLProgressElement);
    bar.hidden = !busy;
    bar.removeAttribute("value");
  }

  #say(message: string, error = false): void {
    const status = this.#part("status", HTMLElement);
    status.textContent = message;
    status.classList.toggle("error", error);
  }

  #fail(what: string, error: unknown): void {
    this.#say(`${what}: ${error instanceof Error ? error.message : String(error)}`, true);
  }
}
