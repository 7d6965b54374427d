// Sees to it that the libraries of this suite are there, in tests/peers/node_modules, as package-lock.json has them.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The direct dependencies that `folder` lacks, or has in another version than its package-lock.json says. */
export function lacking(folder = here) {
  const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
  return Object.keys(packages[""].dependencies).filter((name) => {
    const file = join(folder, "node_modules", name, "package.json");
    return !existsSync(file) || JSON.parse(readFileSync(file, "utf8")).version !== packages[`node_modules/${name}`].version;
  });
}

/**
 * Installs what is lacking, from the npm registry.
 * @throws Error with one line that says what is missing and what to run.
 */
export async function install(folder = here, log = console.log) {
  const names = lacking(folder);
  if (names.length === 0) return;
  log(`installing ${names.join(", ")} into tests/peers/node_modules: npm ci --prefix tests/peers`);
  const said = [];
  const child = spawn("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  child.stderr.on("data", (text) => said.push(String(text)));
  const code = await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", resolve);
  });
  const left = code === 0 ? lacking(folder) : names;
  if (left.length === 0) return;
  const why = said.join("").match(/npm (?:error|ERR!) (?!code)(.*)/)?.[1] ?? `npm ended with ${code}`;
  throw new Error(`the suite peers lacks ${left.join(", ")}, and installing failed (${why}); run npm ci --prefix tests/peers`);
}
