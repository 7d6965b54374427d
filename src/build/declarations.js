// node src/build/declarations.js [DIST]: writes the package's declarations into dist/ or another folder, so that they mean the same from
// TypeScript 5.4 on, whatever types the app has. In JavaScript, as Node 20 reads no TypeScript.
import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const out = resolve(process.argv[2] ?? join(root, "dist"));
const PLATFORM = join(out, "src/platform.d.ts");

const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
execFileSync(process.execPath, [join(typescript, "bin/tsc"), "-p", join(root, "tsconfig.build.json"), "--outDir", out], {
  stdio: "inherit",
  cwd: root,
});
copyFileSync(new URL("platform.d.ts", import.meta.url), PLATFORM);

const known = new Set([...readFileSync(PLATFORM, "utf8").matchAll(/^export type (\w+)/gm)].map(([, name]) => name));

for (const folder of ["src", "shaders"])
  for (const name of readdirSync(join(out, folder), { recursive: true }).filter((file) => file.endsWith(".d.ts"))) {
    const file = join(out, folder, name);
    if (file === PLATFORM) continue;
    const text = readFileSync(file, "utf8");
    const result = portable(text, file);
    if (result !== text) writeFileSync(file, result);
  }

/** A declaration file that imports what it names of the platform, and names no typed array by its buffer, which TypeScript 5.7 began. */
function portable(text, file) {
  const arrays = text
    .replace(/\b(\w+Array)<ArrayBuffer>/g, 'ReturnType<$1Constructor["of"]>')
    .replace(/\b(\w+Array|ArrayBufferView)<ArrayBufferLike>/g, "$1");
  const code = arrays.replace(/\/\*[\s\S]*?\*\//g, "").replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
  const imported = new Set([...code.matchAll(/^import [^;]*;/gm)].flatMap(([line]) => line.match(/\w+/g)));
  const used = new Set(code.match(/(?<!\.)\b[A-Z]\w+\b/g));
  const names = [...known].filter((name) => used.has(name) && !imported.has(name));
  const strange = [...used].filter((name) => /^GPU[A-Z]/.test(name) && !known.has(name));
  if (strange.length > 0) throw new Error(`${file} names ${strange.join(", ")}, which src/build/platform.d.ts must declare`);
  if (names.length === 0) return arrays;
  const path = relative(dirname(file), join(out, "src/platform.js")).split(sep).join("/");
  const line = `import type { ${names.join(", ")} } from "${path.startsWith(".") ? path : `./${path}`}";\n`;
  const [references] = /^(?:\/\/\/.*\n)*/.exec(arrays);
  return references + line + arrays.slice(references.length);
}
