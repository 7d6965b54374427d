/** The element with this id. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element #${id}`);
  return element;
}

/** The first element below `root` that matches, of the class given. */
export function find<E extends Element>(root: ParentNode, selector: string, type: new () => E): E {
  const element = root.querySelector(selector);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} ${selector}`);
  return element;
}

/** Resolves at the next animation frame, or after a quarter of a second where the page is hidden and there are none. */
export function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 250);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Numbers with a sign between them that no line ends at: 28 × 28. */
export const times = (...sizes: readonly number[]): string => sizes.join("\u00a0×\u00a0");

/** A whole number as people read it: 12,345 or 1.23 M. */
export function count(n: number): string {
  if (!Number.isFinite(n)) return "–";
  return n >= 1e6 ? `${(n / 1e6).toFixed(2)} M` : Math.round(n).toLocaleString("en-GB");
}
