import type { ESTree } from "vite";
import { type Edit, type Fail, removal, walk } from "../syntax.ts";

/** Edits that turn `onDemand(f)`, where f is imported, into `onDemand(() => import(…).then(…))`. */
export function loadOnDemand(code: string, program: ESTree.Program, fail: Fail): Edit[] {
  const edits: Edit[] = [];
  walk(program, (node) => {
    if (node.type !== "CallExpression" || node.callee.type !== "Identifier" || node.callee.name !== "onDemand") return;
    const [loaded] = node.arguments;
    const found = loaded?.type === "Identifier" ? importOf(program, loaded.name) : undefined;
    if (loaded?.type !== "Identifier" || !found) return fail(node, "what is loaded on demand must be imported by its name");
    const text = `() => import(${JSON.stringify(found.node.source.value)}).then((module) => module.${loaded.name})`;
    edits.push(
      { start: loaded.start, end: loaded.end, text },
      removal(code, found.node.specifiers.length === 1 ? found.node : found.specifier),
    );
  });
  return edits;
}

interface Import {
  readonly node: ESTree.ImportDeclaration;
  readonly specifier: ESTree.ImportSpecifier;
}

/** Where a name is imported. */
function importOf(program: ESTree.Program, name: string): Import | undefined {
  for (const node of program.body)
    for (const specifier of node.type === "ImportDeclaration" ? node.specifiers : [])
      if (node.type === "ImportDeclaration" && specifier.type === "ImportSpecifier" && specifier.local.name === name)
        return specifier.imported.type === "Identifier" && specifier.imported.name === name ? { node, specifier } : undefined;
  return undefined;
}
