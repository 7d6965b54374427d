import type { ESTree, Plugin } from "vite";
import { compactWgsl } from "../graph/compact.ts";
import { type Edit, edited, parse, walk, withoutUnused } from "./syntax.ts";

/** Strips what no GPU needs from the WGSL in shaders/*.wgsl.ts, and chooses between its branches without the preprocessor. */
export function compactShaders(): Plugin {
  return {
    name: "unroll:compact-shaders",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      return /[\\/]shaders[\\/].*\.wgsl\.ts$/.test(id) ? { code: compactTemplates(code), map: null } : undefined;
    },
  };
}

/**
 * Templates lose comments, indentation and spaces around signs; what stands in `${…}` is left as it is. Of templates tagged `wgsl` the
 * tag goes: `#if ${a}` … `#else` … `#endif` becomes `${a ? … : …}`.
 */
export function compactTemplates(code: string): string {
  const edits: Edit[] = [];
  let tagged = false;
  walk(parse(code), (node, parent) => {
    if (node.type !== "TemplateLiteral") return;
    const branches = parent?.type === "TaggedTemplateExpression" && parent.tag.type === "Identifier" && parent.tag.name === "wgsl";
    if (branches) {
      tagged = true;
      edits.push({ start: parent.start, end: node.start, text: "" });
    }
    edits.push(...templateEdits(code, node, branches));
  });
  const result = edited(code, edits);
  return tagged ? withoutUnused(result) : result;
}

/** A word of the preprocessor, and the space behind it. */
const DIRECTIVE = /#(if|elif|else|endif)\b(\s*)/g;

function templateEdits(code: string, { quasis }: ESTree.TemplateLiteral, branches: boolean): Edit[] {
  /** For each open #if, whether there was an #else. */
  const open: boolean[] = [];
  let before = "`";
  const edits = quasis.map(({ value: { raw }, start, end, tail }): Edit => {
    if (code.slice(start + 1, start + 1 + raw.length) !== raw) throw new Error(`a template at ${start} is not where it is said to be`);
    const text = compactWgsl(raw);
    let result = before;
    let after = tail ? "`" : "${";
    before = "}";
    let last = 0;
    for (const { 0: all, 1: word, 2: space, index } of branches ? text.matchAll(DIRECTIVE) : []) {
      result += text.slice(last, index);
      last = index + all.length;
      if (word !== "if" && open.length === 0) throw new Error(`#${word} without #if`);
      if (word === "if" || word === "elif") {
        if (last < text.length || tail) throw new Error(`#${word} must be followed by \${…}`);
        after = word === "if" ? "${(" : "` : (";
        before = ") ? `";
        if (word === "if") open.push(false);
      } else if (word === "else") {
        open[open.length - 1] = true;
        result += `\` : \`${space}`;
      } else result += `${open.pop() ? "`" : '` : ""'}}${space}`;
    }
    return { start, end, text: result + text.slice(last) + after };
  });
  if (open.length > 0) throw new Error("#if without #endif");
  return edits;
}
