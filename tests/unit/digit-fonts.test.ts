import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { root } from "../support/build.ts";

const folder = `${root}demo/digits/fonts`;
const source = readFileSync(`${root}demo/digits/fonts.ts`, "utf8");
const named = [...source.matchAll(/"\.\/fonts\/(.+?)\?url"/g)].map(([, file]) => file);

test("each font of the demo is a small file in the repository, and each file is a font of the demo", () => {
  expect(named.length).toBe(38);
  expect(readdirSync(folder).filter((name) => name.endsWith(".woff2"))).toEqual(named.toSorted());
  for (const file of named) {
    const font = readFileSync(`${folder}/${file}`);
    expect(font.toString("latin1", 0, 4), file).toBe("wOF2");
    expect(font.length, file).toBeLessThan(32_000);
  }
});

test("each family has its licence beside it", () => {
  const families = new Set(named.map((file) => file.split("-latin-")[0]));
  expect(readdirSync(`${folder}/licences`)).toEqual([...families].map((family) => `${family}.txt`).toSorted());
  for (const family of families) {
    const text = readFileSync(`${folder}/licences/${family}.txt`, "utf8");
    expect(text, family).toMatch(/Copyright/);
    expect(text, family).toMatch(/SIL OPEN FONT LICENSE/i);
  }
  expect(existsSync(`${folder}/make.js`)).toBe(true);
});
