import type { Plugin, Rolldown } from "vite";

/**
 * Has the package's entry import all shaders first. Bundlers put modules in the order of imports, and drop the imports themselves, so that
 * the shaders that an app needs stand side by side: gzip finds what repeats only within 32 KB. What is loaded on demand is not among them.
 */
export function shadersFirst(entry: string): Plugin {
  return {
    name: "unroll:shaders-first",
    apply: "build",
    generateBundle(_, bundle) {
      const chunk = bundle[entry] as Rolldown.OutputChunk;
      const shaders = [...importedBy(chunk, bundle)].filter((name) => /^shaders\/[^/]+\.js$/.test(name)).toSorted();
      const up = "../".repeat(entry.split("/").length - 1);
      chunk.code = shaders.map((name) => `import "${up}${name}";\n`).join("") + chunk.code;
    },
  };
}

/** All that a module imports, directly or not. */
function importedBy(chunk: Rolldown.OutputChunk, bundle: Rolldown.OutputBundle, found = new Set<string>()): Set<string> {
  for (const name of chunk.imports) {
    const imported = bundle[name];
    if (found.has(name) || imported?.type !== "chunk") continue;
    found.add(name);
    importedBy(imported, bundle, found);
  }
  return found;
}
