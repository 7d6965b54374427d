/*
 * Where WGSL would drop a NaN. Not a compiler: it looks at calls and comparisons, and tells integers from floats by literals,
 * declarations and what variables are made of.
 */

/** A line that tells why no NaN is lost there (a comment with the word), or that tests the bits itself. */
const EXCUSED = /\/\/.*\bNaN\b|0x7fffffffu|0x7f800000u|0x7f7fffffu/;

/** The text between the bracket that opens at `open` and the one that closes it. */
function within(text: string, open: number): string {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if ("([{".includes(text[i])) depth++;
    if (")]}".includes(text[i]) && --depth === 0) return text.slice(open + 1, i);
  }
  return text.slice(open + 1);
}

function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if ("([{".includes(text[i])) depth++;
    if (")]}".includes(text[i])) depth--;
    if (text[i] === "," && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...parts, text.slice(from)].map((part) => part.trim());
}

/** Without what stands between square brackets: an index says nothing of the element. */
function withoutIndices(text: string): string {
  let result = "";
  let depth = 0;
  for (const letter of text) {
    if (letter === "[") depth++;
    if (depth === 0) result += letter;
    if (letter === "]") depth--;
  }
  return result;
}

const INTEGER_TYPE = String.raw`(?:[ui]32|vec[234]<[ui]32>|vec[234][ui]|K|U|array<(?:[ui]32|vec[234]<[ui]32>|K)\b[^>]*>|bool)`;

/** Whether an expression is made of integers (or truth values), as far as that can be seen. */
function isInteger(expression: string, names: ReadonlySet<string>): boolean {
  const text = withoutIndices(expression).replace(/\.[xyzwrgba]{1,4}\b/g, "");
  if (/\d\.\d|\b(?:f32|bitcast<f32>|bitcast<V>|vec[234]<f32>)\s*\(/.test(text.replace(/\b(?:u32|i32|bitcast<u32>)\s*\(.*\)/g, "0u")))
    return false;
  if (/\b\d+u\b|\b0x[0-9a-f]+u\b|(?<![\w.])\d+(?![\w.])/.test(text)) return true;
  if (new RegExp(String.raw`\b(?:bitcast<)?${INTEGER_TYPE}>?\s*\(`).test(text)) return true;
  const words = text.match(/[A-Za-z_]\w*(?:\.[a-z_]\w*)*/g) ?? [];
  return words.some((word) => names.has(word) || names.has(word.split(".").at(-1) ?? ""));
}

/** Names of variables, fields and functions that hold or return integers. */
function integerNames(wgsl: string, known: ReadonlySet<string> = new Set()): Set<string> {
  const names = new Set(known);
  for (const [, name] of wgsl.matchAll(new RegExp(String.raw`\b([A-Za-z_]\w*)\s*:\s*${INTEGER_TYPE}\s*[,;)=}\n]`, "g"))) names.add(name);
  for (const [, name] of wgsl.matchAll(new RegExp(String.raw`\bfn\s+(\w+)\s*\([^{]*->\s*${INTEGER_TYPE}\s*\{`, "g"))) names.add(name);
  for (const [, name] of wgsl.matchAll(/\b(\w+)\s*:\s*array<(?:[ui]32|vec[234]<[ui]32>)/g)) names.add(name);
  const made = [...wgsl.matchAll(/\b(?:let|var|const)\s+(\w+)\s*=\s*([^;]+);/g)];
  for (let changed = true; changed; ) {
    changed = false;
    for (const [, name, value] of made)
      if (!names.has(name) && isInteger(value, names)) {
        names.add(name);
        changed = true;
      }
  }
  return names;
}

/** The module without the bodies of its functions, and its functions. */
function parts(wgsl: string): { module: string; functions: string[] } {
  let module = "";
  const functions: string[] = [];
  let from = 0;
  for (const match of wgsl.matchAll(/\bfn\s+\w+\s*\(/g)) {
    if (match.index < from) continue;
    const open = wgsl.indexOf("{", match.index);
    const end = open + within(wgsl, open).length + 2;
    module += `${wgsl.slice(from, open)}{}`;
    functions.push(wgsl.slice(match.index, end));
    from = end;
  }
  return { module: module + wgsl.slice(from), functions };
}

/** The lines that may drop a NaN, each with what it does. */
export function nanDropped(wgsl: string): string[] {
  const { module, functions } = parts(wgsl);
  const declared = module.replace(/\/\/[^\n]*/g, "");
  // Parameters of one function say nothing of another's.
  const known = integerNames(declared.replace(/\bfn\s+\w+\s*\([^{]*\{\}/g, (head) => head.replace(/\([^{]*(?=->)|\([^{]*(?=\{)/, "() ")));
  return functions.flatMap((text) => droppedIn(text, integerNames(text.replace(/\/\/[^\n]*/g, ""), known)));
}

function droppedIn(wgsl: string, names: ReadonlySet<string>): string[] {
  const found: string[] = [];
  const comparesFloats = (condition: string): boolean =>
    condition.split(/&&|\|\||[&|](?!=)/).some((part) => {
      const sides = part.split(/[<>!=]=|(?<![\w<])[<>](?!=)|\s[<>]\s/);
      return sides.length === 2 && !sides.some((side) => isInteger(side.replace(/^[\s(]+|[\s)]+$/g, ""), names));
    });
  for (const line of wgsl.split("\n")) {
    if (EXCUSED.test(line)) continue;
    const code = line.replace(/\/\/.*/, "");
    for (const match of code.matchAll(/\b(min|max|clamp|tanh|sinh|cosh|sign|saturate|step|smoothstep|select)\s*\(/g)) {
      const args = splitArguments(within(code, match.index + match[0].length - 1));
      const [name] = match.slice(1);
      if (/\bfn\s+$/.test(code.slice(0, match.index))) continue;
      if (name === "select") {
        if (comparesFloats(args[2] ?? "")) found.push(`select by a comparison of floats: ${line.trim()}`);
      } else if (!args.some((argument) => isInteger(argument, names))) found.push(`${name} of floats: ${line.trim()}`);
    }
    for (const [, left] of code.matchAll(/([A-Za-z_][\w.]*)\s*[!=]=\s*\1(?![\w.([])/g))
      found.push(`${left} compared with itself: ${line.trim()}`);
  }
  return found;
}
