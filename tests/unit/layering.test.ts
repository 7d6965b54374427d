import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { importCycles } from "../support/import-cycles.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What each floor may import from, besides itself. The ground stands first. */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  host: [], // what values are, whichever realm they come from
  patterns: [],
  errors: ["host"],
  graph: ["host", "errors"],
  random: ["errors", "graph"],
  shaders: ["graph"], // the words of buffers that several kernels share
  gpu: ["host", "errors", "graph", "shaders"],
  ops: ["errors", "graph", "random", "shaders"],
  program: ["host", "errors", "graph", "random", "gpu", "ops", "shaders"],
  nn: ["host", "errors", "graph", "random", "ops", "program"],
  io: ["host", "errors", "graph", "gpu", "program"],
  recovery: ["host", "errors", "graph", "gpu", "program", "nn", "io"],
  verify: ["errors", "patterns", "graph", "random", "shaders", "gpu", "ops", "program", "io"],
  bench: ["host", "errors", "patterns", "graph", "random", "shaders", "gpu", "ops", "program", "verify"],
  cli: ["errors", "patterns", "graph", "shaders", "gpu", "ops", "program", "verify", "bench"],
  build: ["graph"], // part of vite.config.ts, and of no package
  index: ["errors", "graph", "random", "gpu", "ops", "program", "nn", "io", "recovery", "verify", "bench"],
};

/** Packages that a floor may load. `node:` modules count as the package "node". */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  shaders: ["wgsl-preprocessor"],
  cli: ["node", "puppeteer", "vite", "webgpu"],
  build: ["node", "vite"],
};

/** Concrete ops that the program floor needs: sums of gradients, what clips and updates, and the check of indices. */
const OPS_OF_PROGRAM = [
  /^src\/ops\/pointwise\//,
  /^src\/ops\/update\//,
  /^src\/ops\/copy\.ts$/,
  /^src\/ops\/grid\.ts$/,
  /^src\/ops\/index-check\.ts$/,
];

interface Source {
  readonly path: string;
  readonly floor: string;
  /** Without comments and strings. */
  readonly code: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources = ["src", "shaders"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readSource(join(folder, name).split(sep).join("/"))),
);

function readSource(path: string): Source {
  const text = readFileSync(join(root, path), "utf8");
  const uncommented = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
  const statement =
    /(?:^|\n)(?:import|export)\s+(?:type\s+)?(?:[\w*\s,]+|\{[^}]*\}|\w+,\s*\{[^}]*\})\s*from\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/g;
  const imports = [...uncommented.matchAll(statement)].map((match) => match[1] ?? match[2]);
  return { path, floor: floorOf(path), text, imports, code: uncommented.replace(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, '""') };
}

function floorOf(path: string): string {
  return path.startsWith("shaders/") ? "shaders" : path.split("/")[1].replace(/\.ts$/, "");
}

/** The imported file from the root, or the name of a package. */
function target(source: Source, specifier: string): string {
  if (specifier.startsWith("."))
    return relative(root, resolve(root, dirname(source.path), specifier))
      .split(sep)
      .join("/");
  if (specifier.startsWith("node:")) return "node";
  return specifier.split("/")[0];
}

const offences = (find: (source: Source) => readonly string[]): string[] =>
  sources.flatMap((source) => find(source).map((what) => `${source.path}: ${what}`));

describe("the house", () => {
  test("stands on its floors: a folder imports only from those beneath it", () => {
    const wrong = offences((source) =>
      source.imports
        .map((specifier) => target(source, specifier))
        .filter((path) => {
          if (!path.includes("/")) return !(PACKAGES[source.floor] ?? []).includes(path);
          return floorOf(path) !== source.floor && !FLOORS[source.floor]?.includes(floorOf(path));
        }),
    );
    expect(wrong).toEqual([]);
  });

  test("has no floor that this test does not know", () => {
    expect([...new Set(sources.map(({ floor }) => floor))].filter((floor) => !(floor in FLOORS))).toEqual([]);
  });

  test("has no circular imports, but for those of types alone", () => {
    expect(importCycles(Object.fromEntries(sources.map(({ path, text }) => [path, text])))).toEqual([]);
  });

  test("keeps concrete ops out of the program floor", () => {
    const wrong = offences((source) =>
      source.floor !== "program"
        ? []
        : source.imports
            .map((specifier) => target(source, specifier))
            .filter((path) => path.startsWith("src/ops/") && !OPS_OF_PROGRAM.some((allowed) => allowed.test(path))),
    );
    expect(wrong).toEqual([]);
  });

  test("touches no document and no Node outside the command line", () => {
    const wrong = offences(({ floor, code }) =>
      floor === "cli"
        ? []
        : (code.match(/\b(?:document|process|require)\b\s*[.([]|\bwindow\.(?:document|location|addEventListener|navigator|\w+Storage)/g) ??
          []),
    );
    expect(wrong).toEqual([]);
  });

  test("runs nothing when a module is loaded, so that bundlers can drop what is not used", () => {
    // A call in a constant at the start of a line needs a mark, unless it stands in a function.
    const call = /^(?:export )?const \w+(?:: [^=]+)? = (?!\/\* @__PURE__ \*\/)(?:new )?[\w.]+\([^)]*\);?$/gm;
    const pure = /= (?:Math|Number|Object\.freeze|String|BigInt)\b/;
    const wrong = offences(({ floor, code, text }) => {
      if (floor === "cli" || floor === "verify" || floor === "build") return [];
      const marked = new Set([...text.matchAll(/const (\w+)[^=\n]*= \/\* @__PURE__ \*\//g)].map((match) => match[1]));
      return (code.match(call) ?? []).filter((line) => !pure.test(line) && !marked.has(/const (\w+)/.exec(line)?.[1] ?? ""));
    });
    expect(wrong).toEqual([]);
  });

  test("explains every shader above its function", () => {
    const wrong = sources
      .filter(({ path }) => path.endsWith(".wgsl.ts"))
      .filter(({ text }) => !/\/\*\*[\s\S]{40,}?\*\/\s*export (?:function|const)/.test(text));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

test("circular imports are found with their path, whichever way a module is loaded", () => {
  const cycle = (last: string) =>
    importCycles({
      "src/a.ts": 'import { b } from "./b/b.ts";\nimport "vite";',
      "src/b/b.ts": 'export * from "../c.ts";',
      "src/c.ts": last,
      "src/d.ts": 'import { a } from "./a.ts";',
    });
  const found = ["src/a.ts → src/b/b.ts → src/c.ts → src/a.ts"];
  expect(cycle('import { a } from "./a.ts";')).toEqual(found);
  expect(cycle('import "./a.ts";')).toEqual(found);
  expect(cycle('export { a } from "./a.ts";')).toEqual(found);
  expect(cycle('import { type A, a } from "./a.ts";')).toEqual(found);
  expect(cycle('import type { A } from "./a.ts";')).toEqual([]);
  expect(cycle('export type { A } from "./a.ts";')).toEqual([]);
  expect(cycle('export const a = () => import("./a.ts");')).toEqual([]);
});
