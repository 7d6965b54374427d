import { posix } from "node:path";
import { parse } from "../../src/build/syntax.ts";

/**
 * Modules that a file imports when it is loaded, as they are written: `import type`, `export type` and `import()` do not count. As
 * TypeScript compiles them here (verbatimModuleSyntax), `import { type A }` does.
 */
function loadedBy(text: string): readonly string[] {
  return parse(text).body.flatMap((node) => {
    if (node.type === "ImportDeclaration") return node.importKind === "type" ? [] : [node.source.value];
    if (node.type === "ExportAllDeclaration" || node.type === "ExportNamedDeclaration")
      return node.source && node.exportKind !== "type" ? [node.source.value] : [];
    return [];
  });
}

/** Circular imports by value among files, given as text by path: each as "a.ts → b.ts → a.ts". Packages and files that are not given are passed over. */
export function importCycles(files: Readonly<Record<string, string>>): string[] {
  const cycles: string[] = [];
  const finished = new Set<string>();
  const way: string[] = [];
  const visit = (path: string): void => {
    if (finished.has(path)) return;
    const start = way.indexOf(path);
    if (start >= 0) {
      cycles.push([...way.slice(start), path].join(" → "));
      return;
    }
    way.push(path);
    for (const module of loadedBy(files[path])) {
      const imported = posix.join(posix.dirname(path), module);
      if (module.startsWith(".") && imported in files) visit(imported);
    }
    way.pop();
    finished.add(path);
  };
  for (const path of Object.keys(files)) visit(path);
  return cycles;
}
