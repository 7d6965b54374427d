/**
 * WGSL without comments, indentation, empty lines and spaces around signs (but "-", which beside another is a sign of its own). The start and
 * the end stay as they are, as other text may touch them.
 */
export function compactWgsl(text: string): string {
  return withoutComments(text)
    .replace(/[ \t]+/g, " ")
    .replace(/\n[ \n]*/g, "\n")
    .replace(/ (?=\n)/g, "")
    .replace(/\/ (?=[*/])/g, "/\u0001") // a quotient by what a pointer points to is no comment
    .replace(/(?<=\S ?) ?([=+*/<>%&|^!:;,(){}[\]]+) ?(?=\S)/g, "$1")
    .replaceAll("\u0001", " ");
}

/** Comments of a line end with it; those in blocks may hold others, and become a space. */
function withoutComments(text: string): string {
  let result = "";
  let at = 0;
  for (let depth = 0; ; ) {
    const sign = /\/\/|\/\*|\*\//g;
    sign.lastIndex = at;
    const next = sign.exec(text);
    if (!next) return depth > 0 ? result : result + text.slice(at);
    if (depth === 0) result += text.slice(at, next.index);
    at = sign.lastIndex;
    if (next[0] === "/*") depth++;
    else if (next[0] === "*/" && depth > 0) {
      if (--depth === 0) result += " ";
    } else if (depth === 0) {
      if (next[0] === "*/") result += "*/";
      else at = text.indexOf("\n", at) < 0 ? text.length : text.indexOf("\n", at);
    }
  }
}

/** Complete WGSL without the functions that nothing in it names, as libraries bring more than a kernel calls, and without their attributes. */
export function withoutUnusedFunctions(wgsl: string): string {
  for (let text = wgsl; ; ) {
    const unused = [...text.matchAll(/(?:@\w+\s*(?:\([^()]*\))?\s*)*\bfn\s+(\w+)\s*\(/g)].find(
      ([, name]) => name !== "main" && count(text, name) === 1,
    );
    const end = unused && endOfBody(text, unused.index);
    if (!end) return text;
    text = text.slice(0, unused.index) + text.slice(end);
  }
}

const count = (text: string, name: string): number => text.match(new RegExp(`\\b${name}\\b`, "g"))?.length ?? 0;

/** Behind the brace that closes the first one after `start`, where there is one. */
function endOfBody(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = text.indexOf("{", start); at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return at + 1;
  }
  return undefined;
}
