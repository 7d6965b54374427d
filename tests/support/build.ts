import { fileURLToPath } from "node:url";
import { build, mergeConfig, type Plugin, type Rolldown, type UserConfig } from "vite";
import { compactShaders } from "../../src/build/shaders.ts";
import config from "../../vite.config.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The package as `npm run build:js` makes it, in another folder. */
export async function buildPackage(outDir: string): Promise<void> {
  for (const [mode, folder] of [
    ["production", outDir],
    ["lean", `${outDir}/lean`],
    ["static", `${outDir}/lean/static`],
    ["page", `${outDir}/page`],
  ] as const) {
    const own = await config({ command: "build", mode });
    await build({ configFile: false, mode, ...mergeConfig(own, { root, logLevel: "error", build: { outDir: folder } } as UserConfig) });
  }
}

/** What a bundler makes of an app with this source, minified. */
export async function bundleApp(source: string, plugins: readonly Plugin[] = []): Promise<string> {
  const entry = `${root}app-of-a-test.ts`; // there is no such file: the plugin gives its text
  const result = await build({
    configFile: false,
    root,
    logLevel: "error",
    plugins: [
      {
        name: "app",
        enforce: "pre",
        resolveId: (id) => (id === entry ? entry : undefined),
        load: (id) => (id === entry ? source : undefined),
      },
      ...plugins,
      compactShaders(),
    ],
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: { input: entry, preserveEntrySignatures: "strict", output: { codeSplitting: false } },
    },
  });
  const [output] = [result].flat() as Rolldown.RolldownOutput[];
  return output.output.map((chunk) => (chunk.type === "chunk" ? chunk.code : "")).join("\n");
}
