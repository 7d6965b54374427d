// node demo/digits/fonts/make.js: makes the files beside it anew, ten digits of each font that ../fonts.ts names, from the packages of
// Fontsource. These and the subsetter are installed from the npm registry into a temporary folder. The licence of most families reserves their names for
// what is unchanged, so the fonts that come out are called "Unroll Digits …" within.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TOOL = "subset-font@2.9.0";
const VERSION = "5.3.0";
const DIGITS = "0123456789";
/** By these letters FreeType's hinter finds the lines of a font: without them Linux measures and draws its digits otherwise. */
const HINTING = "THEZOCQSLUfijkdbhuvxzoescnrpqgy";
const here = fileURLToPath(new URL(".", import.meta.url));

// import abril from "./fonts/abril-fatface-latin-400-normal.woff2?url"
const source = readFileSync(join(here, "../fonts.ts"), "utf8");
const files = [...source.matchAll(/"\.\/fonts\/([a-z-]+)-(latin-\d+-\w+\.woff2)\?url"/g)].map(([, family, cut]) => ({ family, cut }));
const families = [...new Set(files.map(({ family }) => family))];

const folder = mkdtempSync(join(tmpdir(), "unroll-fonts-"));
try {
  const packages = families.map((family) => `@fontsource/${family}@${VERSION}`);
  const options = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix", folder];
  execFileSync("npm", ["install", ...options, TOOL, ...packages], { stdio: "inherit", cwd: folder });
  const require = createRequire(join(folder, "package.json"));
  const subset = require("subset-font");
  const { convert } = createRequire(require.resolve("subset-font"))("fontverter");
  for (const file of readdirSync(here)) if (/\.woff2$/.test(file)) rmSync(join(here, file));
  rmSync(join(here, "licences"), { recursive: true, force: true });
  mkdirSync(join(here, "licences"));
  for (const { family, cut } of files) {
    const whole = readFileSync(join(folder, `node_modules/@fontsource/${family}/files/${family}-${cut}`));
    const digits = await subset(whole, DIGITS + HINTING, { targetFormat: "truetype" });
    const name = `Unroll Digits ${files.findIndex((file) => file.family === family && file.cut === cut) + 1}`;
    writeFileSync(join(here, `${family}-${cut}`), await convert(renamed(digits, name), "woff2"));
  }
  for (const family of families) cpSync(join(folder, `node_modules/@fontsource/${family}/LICENSE`), join(here, `licences/${family}.txt`));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A TrueType or OpenType font whose table of names has but this one, and the copyright that it had. */
function renamed(font, name) {
  const tables = Array.from({ length: font.readUInt16BE(4) }, (_, i) => {
    const at = 12 + 16 * i;
    const start = font.readUInt32BE(at + 8);
    return { tag: font.toString("latin1", at, at + 4), data: font.subarray(start, start + font.readUInt32BE(at + 12)) };
  });
  const names = tables.find(({ tag }) => tag === "name");
  const own = { 1: name, 2: "Regular", 4: name, 6: name.replaceAll(" ", "") };
  names.data = nameTable({ 0: nameOf(names.data, 0), ...own, 13: "SIL Open Font License, Version 1.1", 14: "https://openfontlicense.org" });
  const head = Buffer.from(font.subarray(0, 12 + 16 * tables.length));
  let end = head.length;
  tables.forEach(({ data }, i) => {
    head.writeUInt32BE(checksum(data), 12 + 16 * i + 4);
    head.writeUInt32BE(end, 12 + 16 * i + 8);
    head.writeUInt32BE(data.length, 12 + 16 * i + 12);
    end += Math.ceil(data.length / 4) * 4;
  });
  const result = Buffer.concat([head, ...tables.map(({ data }) => Buffer.concat([data], Math.ceil(data.length / 4) * 4))]);
  // checkSumAdjustment makes the sum over the whole file what it must be
  const adjusted = result.readUInt32BE(12 + 16 * tables.findIndex(({ tag }) => tag === "head") + 8) + 8;
  result.writeUInt32BE(0, adjusted);
  result.writeUInt32BE((0xb1b0afba - checksum(result)) >>> 0, adjusted);
  return result;
}

function checksum(data) {
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) sum = (sum + Buffer.concat([data.subarray(at, at + 4)], 4).readUInt32BE(0)) >>> 0;
  return sum;
}

/** A name for Windows in English; all that counts here are in this form. */
function nameOf(table, id) {
  const storage = table.readUInt16BE(4);
  for (let at = 6; at < 6 + 12 * table.readUInt16BE(2); at += 12)
    if (table.readUInt16BE(at) === 3 && table.readUInt16BE(at + 6) === id) {
      const start = storage + table.readUInt16BE(at + 10);
      return Buffer.from(table.subarray(start, start + table.readUInt16BE(at + 8)))
        .swap16()
        .toString("utf16le");
    }
  throw new Error(`the font has no name ${id}`);
}

function nameTable(names) {
  const texts = Object.entries(names).map(([id, text]) => ({ id: Number(id), data: Buffer.from(text, "utf16le").swap16() }));
  const head = Buffer.alloc(6 + 12 * texts.length);
  head.writeUInt16BE(texts.length, 2);
  head.writeUInt16BE(head.length, 4);
  let offset = 0;
  texts.forEach(({ id, data }, i) => {
    const record = [3, 1, 0x409, id, data.length, offset];
    for (const [k, value] of record.entries()) head.writeUInt16BE(value, 6 + 12 * i + 2 * k);
    offset += data.length;
  });
  return Buffer.concat([head, ...texts.map(({ data }) => data)]);
}
