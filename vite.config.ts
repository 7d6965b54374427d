import { chmod } from "node:fs/promises";
import { defineConfig, type Plugin, type Rolldown, type UserConfig } from "vite";
import { benchJsonSchema } from "./src/bench/json-schema.ts";
import { leanChunks } from "./src/build/lean/chunks.ts";
import { leanSources } from "./src/build/lean/lean.ts";
import { shadersFirst } from "./src/build/order.ts";
import { compactShaders } from "./src/build/shaders.ts";
import { isolationHeaders } from "./src/cli/runtime/page-server.ts";

/*
 * One file for everything that is built or served:
 *
 *   vite                        the demo (npm start)
 *   vite build                  the package, one module for each source file, into dist/
 *   vite build --mode lean      unroll-gpu/lean, the same without prose and proof (see src/build/lean/lean.ts), into dist/lean/
 *   vite build --mode static    unroll-gpu/lean/static, the same without import(), into dist/lean/static/
 *   vite build --mode page      what the command line loads into a browser, one bundle, into dist/page/
 *   vite build --mode demo      the demo as a static site, into dist/demo/
 */
export default defineConfig(({ command, mode }): UserConfig => {
  if (command === "serve" || mode === "demo") return demo();
  if (mode === "page") return page();
  if (mode === "static") return modules("dist/lean/static", { "src/index": "src/index.ts" }, [leanSources(true), compactShaders()]);
  return mode === "lean" ? lean() : library();
});

const EACH: Rolldown.OutputOptions = { preserveModules: true, preserveModulesRoot: "." };

function demo(): UserConfig {
  return {
    root: "demo",
    base: "./",
    plugins: [compactShaders()],
    server: { headers: isolationHeaders },
    preview: { headers: isolationHeaders },
    build: { outDir: "../dist/demo", emptyOutDir: true, target: "es2022" },
  };
}

function library(): UserConfig {
  const entry = { "src/index": "src/index.ts", "src/bench/index": "src/bench/index.ts", "src/cli/unroll": "src/cli/unroll.ts" };
  return modules("dist", entry, [compactShaders(), executable("src/cli/unroll.js"), benchSchema()]);
}

function lean(): UserConfig {
  return modules("dist/lean", { "src/index": "src/index.ts" }, [leanSources(), compactShaders()], leanChunks());
}

/** One module for each source file, or as `output` has it. */
function modules(outDir: string, entry: Record<string, string>, plugins: Plugin[], output: Rolldown.OutputOptions = EACH): UserConfig {
  return {
    logLevel: "warn", // the list of its files has hundreds of lines
    plugins: [...plugins, shadersFirst("src/index.js")],
    build: {
      outDir,
      emptyOutDir: false, // the other builds and the declarations share the folder
      target: ["es2022", "node20"],
      minify: false,
      lib: { entry, formats: ["es"] },
      rolldownOptions: {
        // what is not a file of this repository is loaded at run time
        external: (id) => !/^[./\0]/.test(id) && !/^[A-Z]:/i.test(id) && !id.startsWith("src/"),
        preserveEntrySignatures: "allow-extension",
        output: { entryFileNames: "[name].js", ...output },
      },
    },
  };
}

function page(): UserConfig {
  return {
    logLevel: "warn",
    plugins: [compactShaders()],
    build: {
      outDir: "dist/page",
      target: "es2022",
      lib: { entry: { tasks: "src/cli/tasks.ts" }, formats: ["es"] },
    },
  };
}

/** Publishes the schema of `unroll bench --json` as a file. */
function benchSchema(): Plugin {
  return {
    name: "unroll:bench-schema",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "bench.schema.json", source: `${JSON.stringify(benchJsonSchema, undefined, 1)}\n` });
    },
  };
}

/** Lets the system run a built file, as npm does only on installing. */
function executable(file: string): Plugin {
  return {
    name: "unroll:executable",
    async writeBundle({ dir }) {
      await chmod(`${dir}/${file}`, 0o755);
    },
  };
}
