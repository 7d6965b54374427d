// node src/build/manifest.js pack|restore: the package.json that is published has no scripts, of which npm would ask whether they may run
// at install, and no tools of this repository. `npm pack` calls it before and after.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const FILE = "package.json";
const KEPT = "package.json.before-pack";

/** What a package.json says to those who install the package. */
function published({ scripts, devDependencies, ...rest }) {
  return rest;
}

// What is kept is there already when a pack broke off.
if (existsSync(KEPT)) renameSync(KEPT, FILE);
if (process.argv[2] === "pack") {
  const text = readFileSync(FILE, "utf8");
  writeFileSync(KEPT, text);
  writeFileSync(FILE, `${JSON.stringify(published(JSON.parse(text)), null, 2)}\n`);
}
