/** What the reader chose; survives when the report is drawn anew. */
export interface Enhanced {
  /** Brings what was drawn anew in line with what the reader chose. */
  apply(): void;
}

/**
 * Makes a rendered report answer: headings sort, suites and words filter, points tell what they are. `renderPage` writes the text of
 * this function into the file, so it uses nothing but its argument.
 */
export function enhance(root: Document | ShadowRoot | HTMLElement): Enhanced {
  const off = new Set<string>();
  let words = "";
  let sorting: { column: number; down: boolean } | undefined;
  const all = (selector: string): Element[] => Array.from(root.querySelectorAll(selector));
  // by its tag: an element of a frame is of no class of this window
  const isInput = (element: Element | null | undefined): element is HTMLInputElement => element?.localName === "input";
  const data = (element: Element, name: string): string => element.getAttribute(`data-${name}`) ?? "";

  const sort = (): void => {
    for (const button of all("button[data-sort]")) {
      const heading = button.closest("th");
      if (sorting && Number(data(button, "sort")) === sorting.column)
        heading?.setAttribute("aria-sort", sorting.down ? "descending" : "ascending");
      else heading?.removeAttribute("aria-sort");
    }
    const body = root.querySelector("table[data-table] tbody");
    if (!body || !sorting) return;
    const { column, down } = sorting;
    const rows = Array.from(body.children).map((row) => ({ row, key: JSON.parse(data(row, "keys"))[column] as string | number | null }));
    rows.sort((a, b) => {
      if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
      const order = typeof a.key === "number" ? a.key - Number(b.key) : a.key.localeCompare(String(b.key), "en", { numeric: true });
      return down ? -order : order;
    });
    body.append(...rows.map(({ row }) => row));
  };

  const filter = (): void => {
    for (const button of all("button[data-toggle]")) button.setAttribute("aria-pressed", String(!off.has(data(button, "toggle"))));
    for (const element of all("[data-suite]")) {
      const hit = words.split(/\s+/).every((word) => data(element, "name").toLowerCase().includes(word));
      // a heading of a suite has no name: it stays while its suite does
      element.toggleAttribute("data-off", off.has(data(element, "suite")) || (data(element, "name") !== "" && !hit));
    }
    const isOff = (element: Element): boolean => element.hasAttribute("data-off");
    const named = (within: Element): Element[] => Array.from(within.querySelectorAll("[data-name]"));
    // what has lost all that was in it, such as the axis below bars
    for (const whole of all("[data-whole]")) if (named(whole).length > 0) whole.toggleAttribute("data-off", named(whole).every(isOff));
    const rows = all("[data-name]");
    root.querySelector("[data-nothing]")?.toggleAttribute("data-off", rows.length === 0 || !rows.every(isOff));
  };

  const tip = (point: Element | undefined): void => {
    for (const lit of all(".lit")) lit.classList.remove("lit");
    for (const shown of all(".tip")) shown.remove();
    const figure = point?.closest(".figure");
    if (!point || !figure) return;
    point.classList.add("lit");
    const box = figure.ownerDocument.createElement("div");
    box.className = "tip";
    (point.getAttribute("aria-label") ?? "").split("\n").forEach((text, i) => {
      const line = figure.ownerDocument.createElement(i === 0 ? "b" : "span");
      line.textContent = text;
      box.append(line);
    });
    figure.append(box);
    const [around, at] = [figure.getBoundingClientRect(), point.getBoundingClientRect()];
    const left = Math.max(0, Math.min(around.width - box.offsetWidth, at.left + at.width / 2 - around.left - box.offsetWidth / 2));
    const above = at.top - around.top - box.offsetHeight - 8;
    box.style.left = `${left}px`;
    box.style.top = `${above >= -40 ? above : at.bottom - around.top + 8}px`;
  };

  /** The point nearest to the pointer, within a finger's width. */
  const nearest = (plot: Element, x: number, y: number): Element | undefined => {
    let best: { point: Element; distance: number } | undefined;
    for (const point of Array.from(plot.querySelectorAll(".point:not([data-off])"))) {
      const box = point.getBoundingClientRect();
      const distance = Math.hypot(box.left + box.width / 2 - x, box.top + box.height / 2 - y);
      if (distance < (best?.distance ?? 24)) best = { point, distance };
    }
    return best?.point;
  };

  const element = (event: Event): Element | undefined =>
    event.target && "closest" in event.target ? (event.target as Element) : undefined;
  root.addEventListener("click", (event) => {
    const button = element(event)?.closest("button");
    if (button?.hasAttribute("data-sort")) {
      const column = Number(data(button, "sort"));
      // names begin at A, numbers at the largest
      sorting = { column, down: sorting?.column === column ? !sorting.down : column > 1 };
      sort();
    } else if (button?.hasAttribute("data-toggle")) {
      const suite = data(button, "toggle");
      if (!off.delete(suite)) off.add(suite);
      filter();
    }
  });
  root.addEventListener("input", (event) => {
    const input = element(event);
    if (!isInput(input) || !input.matches("[data-words]")) return;
    words = input.value.trim().toLowerCase();
    filter();
  });
  for (const type of ["pointermove", "pointerdown"])
    root.addEventListener(type, (event) => {
      const plot = element(event)?.closest(".roofline .plot");
      const { clientX, clientY } = event as PointerEvent;
      const point = plot ? nearest(plot, clientX, clientY) : undefined;
      if (!point?.classList.contains("lit")) tip(point);
    });
  root.addEventListener("focusin", (event) => {
    if (element(event)?.matches(".point")) tip(element(event));
  });
  root.addEventListener("focusout", () => tip(undefined));
  root.addEventListener("keydown", (event) => {
    const point = element(event);
    if (!point?.matches(".point")) return;
    const { key } = event as KeyboardEvent;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
    if (key === "Escape") tip(undefined);
    if (!step) return;
    event.preventDefault();
    const place = (circle: Element): number => circle.getBoundingClientRect().left;
    const points = all(".point:not([data-off])").sort((a, b) => place(a) - place(b));
    const next = points[(points.indexOf(point) + step + points.length) % points.length];
    point.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    (next as SVGElement).focus();
  });

  const apply = (): void => {
    all(".point").forEach((point, i) => {
      const title = point.querySelector("title");
      if (!title) return;
      // the title is for a page without scripts; two labels at once are one too many
      point.setAttribute("aria-label", title.textContent ?? "");
      point.setAttribute("role", "img");
      point.setAttribute("tabindex", i === 0 ? "0" : "-1");
      title.remove();
    });
    const input = root.querySelector("[data-words]");
    if (isInput(input) && input.value.trim().toLowerCase() !== words) input.value = words;
    sort();
    filter();
  };
  apply();
  return { apply };
}
