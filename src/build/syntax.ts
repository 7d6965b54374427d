import { type ESTree, parseAst } from "vite";

export type Node = ESTree.Node;

/** What stands from `start` to `end` becomes `text`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Stops the build at a form that it does not know. */
export type Fail = (node: Node, what: string) => never;

export const parse = (code: string): ESTree.Program => parseAst(code, { lang: "ts" });

/** Calls `visit` with each node before those within it, and the node around it. Where it returns false, it does not go within. */
export function walk(node: Node, visit: (node: Node, parent: Node | undefined) => unknown, parent?: Node): void {
  if (visit(node, parent) === false) return;
  for (const value of Object.values(node)) for (const child of [value].flat()) if (isNode(child)) walk(child, visit, node);
}

const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === "string";

/** The code with all edits made; an edit within another is dropped, as what it changes is gone. */
export function edited(code: string, edits: readonly Edit[]): string {
  let result = "";
  let at = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (start < at) continue;
    result += code.slice(at, start) + text;
    at = end;
  }
  return result + code.slice(at);
}

/** Removes a part of a list, with the comma behind it. */
export const removal = (code: string, { start, end }: Node): Edit => ({
  start,
  end: end + (/^\s*,/.exec(code.slice(end))?.[0].length ?? 0),
  text: "",
});

/** Adds a name to the import from a module that is imported already. */
export function importedToo(code: string, name: string, from: RegExp, fail: Fail): string {
  const { body } = parse(code);
  const found = body.find((node) => node.type === "ImportDeclaration" && node.importKind !== "type" && from.test(node.source.value));
  if (found?.type !== "ImportDeclaration" || found.specifiers.length === 0) return fail(body[0], `no import from ${from}`);
  const { end } = found.specifiers[found.specifiers.length - 1];
  return edited(code, [{ start: end, end, text: `, ${name}` }]);
}

/** Drops imports that nothing uses any more, and then what of the module's own nobody else can use. */
export function withoutUnused(code: string): string {
  for (let text = code; ; ) {
    const next = dropUnused(text);
    if (next === text) return text;
    text = next;
  }
}

function dropUnused(code: string): string {
  const program = parse(code);
  const used = new Map<string, number>();
  walk(program, (node) => {
    if (node.type === "ImportDeclaration") return false;
    if (node.type === "Identifier") used.set(node.name, (used.get(node.name) ?? 0) + 1);
    return true;
  });
  const edits: Edit[] = [];
  for (const node of program.body) {
    if (node.type === "ImportDeclaration" && node.specifiers.length > 0) {
      const kept = node.specifiers.filter(({ local }) => used.has(local.name));
      if (kept.length === 0) edits.push({ start: node.start, end: node.end, text: "" });
      else if (kept.length < node.specifiers.length)
        for (const specifier of node.specifiers) if (!kept.includes(specifier)) edits.push(removal(code, specifier));
    }
    // A name that occurs once is only declared.
    if (node.type === "FunctionDeclaration" && node.id && used.get(node.id.name) === 1)
      edits.push({ start: node.start, end: node.end, text: "" });
    if (node.type === "VariableDeclaration" && node.declarations.length === 1) {
      const [{ id, init }] = node.declarations;
      const idle = init?.type === "ArrowFunctionExpression" || init?.type === "Literal" || init?.type === "BinaryExpression";
      if (id.type === "Identifier" && used.get(id.name) === 1 && idle) edits.push({ start: node.start, end: node.end, text: "" });
    }
  }
  return edited(code, edits);
}
