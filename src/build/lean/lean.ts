import { existsSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { type Edit, edited, type Fail, importedToo, type Node, parse, withoutUnused } from "../syntax.ts";
import { removeFaces } from "./faces.ts";
import { SHORT, shortenMessages } from "./messages.ts";
import { loadOnDemand } from "./on-demand.ts";
import { pathOf, root } from "./path.ts";

/*
 * unroll-gpu/lean: the package for apps that ship, made from the same sources. Messages of errors keep the name that they lead with and
 * the code; ops keep what runs on a GPU, and load some of it on demand. What these files do not understand ends the build, and so does a piece of the proof that is
 * still needed; tests/unit/lean.test.ts has TypeScript check the sources that come out, in which the types lack the faces too.
 */

const ENTRY = "src/index.ts";
const ERRORS = "src/errors.ts";

/** Modules of the proof, and those of builds: they are no part of the package. */
export const PROOF =
  /^src\/(?:build\/|verify\/|bench\/|cli\/|program\/(?:evaluate|reference-program|reference-store)\.ts|ops\/.*(?:\/|(?<!squared)-)(?:reference|error|spot)\.ts)/;

/** The one stand-in that is for loading on demand alone. */
const ON_DEMAND = "src/graph/on-demand.ts";

/** Where NAME.lean.ts stands in for NAME.ts. */
const standIn = (path: string, allAtOnce: boolean): string | undefined => {
  if (allAtOnce && path === ON_DEMAND) return undefined;
  const file = root + path.replace(/\.ts$/, ".lean.ts");
  return existsSync(file) ? file : undefined;
};

/** The text that a module starts from. */
export const readSource = (path: string, allAtOnce = false): string => readFileSync(standIn(path, allAtOnce) ?? root + path, "utf8");

/**
 * A module of src/ as it is in the lean package, in TypeScript still.
 * @param allAtOnce whether it loads nothing on demand, as in unroll-gpu/lean/static
 * @throws Error where it meets a form that it does not know.
 */
export function leanSource(code: string, path: string, allAtOnce = false): string {
  const fail: Fail = (node, what) => {
    const line = code.slice(0, node.start).split("\n").length;
    throw new Error(`lean, ${path}:${line}: ${what}: ${code.slice(node.start, node.end).slice(0, 120)}`);
  };
  if (standIn(path, allAtOnce)) return code;
  const program = parse(code);
  const messages = shortenMessages(code, program, path === ERRORS, fail);
  const edits: Edit[] = [...messages.edits, ...removeFaces(code, path, program, fail)];
  if (!allAtOnce) edits.push(...loadOnDemand(code, program, fail));
  if (path === ENTRY) edits.push(...program.body.filter(isOfProof).map(({ start, end }) => ({ start, end, text: "" })));
  const text = edited(code, edits);
  if (path === ERRORS) return text + SHORT;
  return withoutUnused(messages.made ? importedToo(text, "short", /\/errors\.ts$/, fail) : text);
}

function isOfProof(node: Node): boolean {
  const source = (node.type === "ExportNamedDeclaration" || node.type === "ExportAllDeclaration") && node.source?.value;
  return source ? PROOF.test(source.replace("./", "src/")) : false;
}

/** The declarations of the package's entry: those of the whole package without what is left out. */
function declarations(): string {
  const code = readSource(ENTRY);
  const kept = parse(code).body.filter((node) => !isOfProof(node));
  const text = kept.map(({ start, end }) => code.slice(start, end)).join("\n");
  return `${text.replace(/(from ")\.\/(.*)\.ts(?=")/g, "$1../../src/$2.js")}\n`;
}

export function leanSources(allAtOnce = false): Plugin {
  return {
    name: "unroll:lean",
    enforce: "pre",
    load(id) {
      return /^src\/.*\.ts$/.test(pathOf(id)) ? readSource(pathOf(id), allAtOnce) : undefined;
    },
    transform(code, id) {
      return /^src\/.*\.ts$/.test(pathOf(id)) ? { code: leanSource(code, pathOf(id), allAtOnce), map: null } : undefined;
    },
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((chunk) => (chunk.type === "chunk" ? Object.keys(chunk.modules) : []));
      const wrong = modules.map(pathOf).filter((path) => PROOF.test(path));
      if (wrong.length > 0) this.error(`the lean package still needs ${wrong.join(", ")}`);
      if (!allAtOnce) this.emitFile({ type: "asset", fileName: "src/index.d.ts", source: declarations() });
    },
  };
}
