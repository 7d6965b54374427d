import type { Rolldown } from "vite";
import { pathOf, root } from "./path.ts";

const ENTRY = "src/index.ts";

type Graph = Rolldown.ChunkingContext;

/**
 * The modules of the built package: one for each source file as in the whole one, but all that the parts loaded on demand share with the rest is
 * one. An app's bundler makes files of what they share, where the app awaits at the top level: one, and not twenty.
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
    codeSplitting: { includeDependenciesRecursively: false, groups: [{ name, debugName: "modules" }] },
  };
}

/** What is there from the start and also imported by a part that is loaded on demand. */
function sharedModules(entry: string, graph: Graph): ReadonlySet<string> {
  const start = importedFrom(entry, graph);
  const parts = [...start].flatMap((id) => graph.getModuleInfo(id)?.dynamicallyImportedIds ?? []);
  return new Set(parts.flatMap((part) => [...importedFrom(part, graph)]).filter((id) => start.has(id)));
}

/** A module and all that it imports, directly or not. */
function importedFrom(id: string, graph: Graph, found = new Set<string>()): Set<string> {
  if (found.has(id)) return found;
  found.add(id);
  for (const next of graph.getModuleInfo(id)?.importedIds ?? []) importedFrom(next, graph, found);
  return found;
}
