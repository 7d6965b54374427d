type Attributes = Readonly<Record<string, string | number>>;

/** An SVG element with its attributes. */
export function element<K extends keyof SVGElementTagNameMap>(name: K, attributes: Attributes): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

export function label(x: number, y: number, text: string, attributes: Attributes): SVGTextElement {
  const made = element("text", { x, y, ...attributes });
  made.textContent = text;
  return made;
}

/** A line with an arrow head at its end, in one of the colours that the picture defines. */
export const path = (d: string, name: string, head = "edge"): SVGPathElement =>
  element("path", { d, class: name, "marker-end": `url(#arrow-${head})` });
