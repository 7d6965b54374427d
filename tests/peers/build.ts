import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { leanSources } from "../../src/build/lean/lean.ts";
import { compactShaders } from "../../src/build/shaders.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A page as its developer would ship it, minified; `entry` is a module of tests/peers/pages. Gives the folder to serve. */
export async function buildPage(entry: string, folder: string): Promise<string> {
  const name = entry.replace(/\W/g, "-");
  const source = join(folder, name);
  const outDir = join(folder, `${name}-built`);
  await mkdir(source, { recursive: true });
  await writeFile(
    join(source, "index.html"),
    `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>${name}</title><script type="module" src="${join(root, "tests/peers/pages", entry)}"></script>`,
  );
  await build({
    configFile: false,
    root: source,
    logLevel: "error",
    // The package is for developing, its lean form for shipping.
    plugins: [...(entry === "cold/unroll.ts" ? [leanSources()] : []), compactShaders()],
    build: {
      outDir,
      emptyOutDir: true,
      target: "es2022",
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 1e6,
    },
  });
  return outDir;
}
