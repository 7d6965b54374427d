/** HTML that is safe to insert: what came from outside has been escaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type Content = string | number | Markup | false | undefined | null | readonly Content[];

const NAMES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text for between tags and within quoted attributes. */
export const escapeText = (text: string): string => text.replace(/[&<>"']/g, (sign) => NAMES[sign]);

/** A template whose values are escaped, unless they are markup already; attributes must be quoted. Nothing is shown for what is absent. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Markup {
  return new Markup(strings.reduce((text, string, i) => text + textOf(values[i - 1]) + string));
}

function textOf(value: Content): string {
  if (value === undefined || value === null || value === false) return "";
  if (value instanceof Markup) return value.text;
  return typeof value === "object" ? value.map(textOf).join("") : escapeText(String(value));
}
