import type { Rolldown } from "vite";
import { pathOf, root } from "./path.ts";

const ENTRY = "src/index.ts";

type Graph = Rolldown.ChunkingContext;

/**
 * The modules of the built package: one for each source file as in the whole one, but all that two or more parts loaded on demand share with the
 * rest is one. An app's bundler would make a file of each such module, where the app awaits at the top level, and of some where it does not.
 */
export function leanChunks(): Rolldown.OutputOptions {
  const entry = `${root}${ENTRY}`;
  let shared: ReadonlySet<string> | undefined;
  const name = (id: string, graph: Graph): string | null => {
    shared ??= sharedModules(entry, graph);
    if (id === entry) return null;
    return shared.has(id) ? "src/shared" : pathOf(id).replace(/\.ts$/, "");
  };
  return {
    chunkFileNames: "[name].js",
    codeSplitting: { includeDependenciesRecursively: false, groups: [{ name }] },
  };
}

/** What is there from the start and also imported by several parts that are loaded on demand. */
function sharedModules(entry: string, graph: Graph): ReadonlySet<string> {
  const start = importedFrom(entry, graph);
  const parts = [...start].flatMap((id) => graph.getModuleInfo(id)?.dynamicallyImportedIds ?? []);
  const uses = new Map<string, number>();
  for (const part of new Set(parts)) for (const id of importedFrom(part, graph)) uses.set(id, (uses.get(id) ?? 0) + 1);
  return new Set([...uses].filter(([id, count]) => count > 1 && start.has(id)).map(([id]) => id));
}

/** A module and all that it imports, directly or not. */
function importedFrom(id: string, graph: Graph, found = new Set<string>()): Set<string> {
  if (found.has(id)) return found;
  found.add(id);
  for (const next of graph.getModuleInfo(id)?.importedIds ?? []) importedFrom(next, graph, found);
  return found;
}
