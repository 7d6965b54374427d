import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { UnrollError } from "../errors.ts";
import { optional } from "./runtime/optional.ts";

/** Whether an argument is the name of a script. */
export const isScript = (word: string): boolean => /\.[cm]?[jt]sx?$/.test(word);

/**
 * One script of a file and all that it imports (but Node's own modules, for Node), for a browser or Node. TypeScript, `?raw` and the rest of Vite work;
 * `unroll-gpu` and `unroll-gpu/bench` are this package.
 * @param what is done with it, for messages: "Reading a file with kernels"
 * @throws UnrollError `missing` when the file or Vite is not there, `argument` when it does not build.
 */
export async function bundleFile(file: string, what: string, forNode = false): Promise<string> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UnrollError("missing", `there is no file ${file}`);
  const { build, version } = await optional("vite", what, () => import("vite"));
  // one script, in the words of Rolldown or, before Vite 8, of Rollup
  const oneChunk =
    Number.parseInt(version, 10) >= 8
      ? { rolldownOptions: { output: { codeSplitting: false } } }
      : { rollupOptions: { output: { inlineDynamicImports: true } } };
  // a path, not new URL(…, import.meta.url), which Vite would take for an asset
  const house = join(dirname(fileURLToPath(import.meta.url)), "..");
  const own = (module: string): string => [`${module}.js`, `${module}.ts`].map((name) => join(house, name)).find(existsSync) ?? module;
  try {
    const built = await build({
      configFile: false,
      logLevel: "silent",
      ...(forNode && { plugins: [ownUrl], ssr: { noExternal: true } }),
      resolve: {
        alias: [
          { find: /^unroll-gpu\/bench$/, replacement: own("bench/index") },
          { find: /^unroll-gpu(?:\/lean)?$/, replacement: own("index") },
        ],
      },
      build: {
        write: false,
        minify: false,
        target: "es2022",
        ...(forNode ? { ssr: path } : { lib: { entry: path, formats: ["es"] } }),
        ...oneChunk,
      },
    });
    const outputs = (Array.isArray(built) ? built : [built]).flatMap((one) => ("output" in one ? one.output : []));
    const chunk = outputs.find((one) => one.type === "chunk");
    if (!chunk || !("code" in chunk)) throw new Error("nothing came out of it");
    return chunk.code;
  } catch (cause) {
    throw new UnrollError(
      "argument",
      `${file} does not build: ${stripVTControlCharacters(cause instanceof Error ? cause.message : String(cause))}`,
      {
        cause,
      },
    );
  }
}

/** A bundle lies elsewhere than the file that it is made of. */
const ownUrl = {
  name: "unroll:own-url",
  transform: (code: string, id: string) =>
    /\bimport\.meta\.url\b/.test(code) && isScript(id)
      ? code.replace(/\bimport\.meta\.url\b/g, JSON.stringify(pathToFileURL(id).href))
      : undefined,
};
