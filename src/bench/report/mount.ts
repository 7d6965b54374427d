import { check, describe } from "../../errors.ts";
import type { BenchReport } from "../schema.ts";
import { type Enhanced, enhance } from "./enhance.ts";
import { type ReportOptions, renderParts } from "./render.ts";
import { reportCss } from "./style.ts";

/** A report within a page. */
export interface MountedReport {
  /** Draws what changed; what the reader sorted and filtered stays so. */
  update(reports: readonly BenchReport[], options?: ReportOptions): void;
}

/**
 * Shows reports in an element, apart from the page's own style: in a shadow tree whose sheet is made by script, so that a page may
 * forbid inline styles and scripts. Colours are taken from the page's custom properties (--page, --card, --text, --muted, --line,
 * --accent, --error), where it has them.
 */
export function mountReport(element: HTMLElement, reports: readonly BenchReport[], options?: ReportOptions): MountedReport {
  check(typeof element?.attachShadow === "function", "argument", () => `mountReport: give an element, not ${describe(element)}`);
  const shadow = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  const view = element.ownerDocument.defaultView ?? globalThis;
  const sheet = new view.CSSStyleSheet();
  sheet.replaceSync(reportCss);
  shadow.adoptedStyleSheets = [sheet];
  const container = element.ownerDocument.createElement("div");
  container.className = "report";
  shadow.replaceChildren(container);
  const drawn = new Map<string, { readonly place: HTMLElement; text: string }>();
  let enhanced: Enhanced | undefined;
  const update: MountedReport["update"] = (next, nextOptions = options) => {
    const parts = renderParts(next, nextOptions);
    for (const name of new Set([...drawn.keys(), ...Object.keys(parts)])) {
      const part = drawn.get(name) ?? addPart(name);
      const text = parts[name] ?? "";
      if (part.text !== text) redraw(part.place, text);
      part.text = text;
    }
    enhanced ??= enhance(container);
    enhanced.apply();
  };
  const addPart = (name: string) => {
    const place = element.ownerDocument.createElement("div");
    place.dataset.part = name;
    container.append(place);
    const part = { place, text: "" };
    drawn.set(name, part);
    return part;
  };
  update(reports);
  return { update };
}

/** Replaces a part, and keeps how far its table was scrolled, which details were open and what had the focus. */
function redraw(place: HTMLElement, text: string): void {
  const scrolled = Array.from(place.querySelectorAll(".scroll"), ({ scrollLeft }) => scrollLeft);
  const open = Array.from(place.querySelectorAll("details"), (details) => details.open);
  const focused = focusWithin(place);
  place.innerHTML = text;
  place.querySelectorAll(".scroll").forEach((table, i) => {
    table.scrollLeft = scrolled[i] ?? 0;
  });
  place.querySelectorAll("details").forEach((details, i) => {
    details.open = open[i] ?? false;
  });
  if (focused) refocus(place, focused);
}

/** By these, what is drawn anew is known to be the same. */
const MARKS = ["data-words", "data-toggle", "data-sort"] as const;

function focusWithin(place: HTMLElement): Element | undefined {
  const root = place.getRootNode();
  const active = "activeElement" in root ? (root as ShadowRoot).activeElement : null;
  return active && place.contains(active) ? active : undefined;
}

const isInput = (element: Element | undefined): element is HTMLInputElement => element?.localName === "input";

function refocus(place: HTMLElement, old: Element): void {
  const mark = MARKS.find((name) => old.hasAttribute(name));
  const twins = mark ? Array.from(place.querySelectorAll<HTMLElement>(`[${mark}]`)) : [];
  const twin = twins.find((element) => element.getAttribute(mark ?? "") === old.getAttribute(mark ?? ""));
  if (isInput(twin) && isInput(old)) {
    twin.value = old.value;
    twin.setSelectionRange(old.selectionStart, old.selectionEnd);
  }
  twin?.focus({ preventScroll: true });
}
