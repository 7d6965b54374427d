import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { compactTemplates } from "../../src/build/shaders.ts";
import { bundleApp, root } from "../support/build.ts";

interface Manifest {
  readonly license: string;
  readonly type: string;
  readonly sideEffects: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}
const manifest = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as Manifest;

const kilobytes = (text: string): string =>
  `${(text.length / 1024).toFixed(1)} KiB, ${(gzipSync(text).length / 1024).toFixed(1)} KiB compressed`;

describe("an app ships what it imports", () => {
  test("one that only multiplies matrices has no recurrent shader, nor any other that it does not need", async () => {
    const code = await bundleApp(`
      import { compile, Engine, input, matmul } from "/src/index.ts";
      const engine = await Engine.create();
      const a = input([2, 3]), b = input([3, 4]);
      const program = await compile(engine, { inputs: { a, b }, outputs: { c: matmul(a, b) } });
      console.log(await program.run({ a: new Float32Array(6), b: new Float32Array(12) }, { read: ["c"] }));`);
    console.log(`an app with matmul alone: ${kilobytes(code)}`);
    expect(code).toContain("load_a"); // the product is there
    const strangers = {
      rnn: "rnnWalk",
      walk: "tile_row + ",
      softmax: "logSoftmax",
      adam: "adamw",
      loss: "crossEntropy",
      random: "randomUniform",
      gather: "gatherGradient",
    };
    expect(Object.entries(strangers).filter(([, text]) => code.includes(text))).toEqual([]);
  });

  test("one that trains an RNN has the recurrent shader", async () => {
    const code = await bundleApp(`
      import { createTrainer, crossEntropy, dense, embedding, Engine, rnnLayer, sequential, sgd } from "/src/index.ts";
      globalThis.app = [createTrainer, crossEntropy, dense, embedding, Engine, rnnLayer, sequential, sgd];`);
    console.log(`an app that trains a character RNN: ${kilobytes(code)}`);
    expect(code).toContain("rnnWalk");
    expect(code).toContain("tile_row + ");
  });

  test("one that imports nothing by name has next to nothing", async () => {
    const code = await bundleApp(`import "/src/index.ts";`);
    expect(code.trim()).toBe("");
  });
});

describe("the package", () => {
  test("depends on nothing, and the peers that it loads are optional", () => {
    expect(manifest.dependencies).toBeUndefined(); // the shaders' preprocessor has done its work when the package is built
    // A range would end the install of apps that have another version for purposes of their own: versions are checked when they are used.
    for (const [name, range] of Object.entries(manifest.peerDependencies)) {
      expect(manifest.peerDependenciesMeta[name]).toEqual({ optional: true });
      expect(range).toBe("*");
    }
    expect(manifest).toMatchObject({ license: "MIT", type: "module", sideEffects: false });
    expect(existsSync(`${root}/LICENSE`)).toBe(true);
  });
});

describe("shaders are compact in the build", () => {
  const tick = "`";
  test.each([
    [
      "comments, indentation and spaces around signs go",
      "wgsl`\n  // note\n  let x = 1.0; // more\n  /* long */\n  let y = (x) * x - -z;\n`",
      "`\nlet x=1.0;\nlet y=(x)*x - -z;\n`",
    ],
    [
      "what is between ${ and } stays, and the spaces beside it",
      'wgsl`a = ${f("// no", b ? {c: 1} : /* d */ 2)}\n  b`',
      '`a = ${f("// no", b ? {c: 1} : /* d */ 2)}\nb`',
    ],
    [
      "templates within templates are compacted too",
      `wgsl\`\${list.map((i) => \`x // a\n   y\`)}\`;`,
      `\`\${list.map((i) => \`x\ny\`)}\`;`,
    ],
    ["branches are chosen without the preprocessor", "wgsl`\n  #if ${a}\n  x\n  #endif\n`", '`\n${(a) ? `\nx\n` : ""}\n`'],
    [
      "with #elif and #else",
      "wgsl`#if ${a}\nx\n#elif ${b}\n${y}\n#else\nz\n#endif\n`",
      "`${(a) ? `\nx\n` : (b) ? `\n${y}\n` : `\nz\n`}\n`",
    ],
    ["text that is no WGSL has no branches", "`#if ${a}`", "`#if ${a}`"],
    ["TypeScript outside stays", `const a = "${tick}"; // it's\n  let b = 1;`, `const a = "${tick}"; // it's\n  let b = 1;`],
  ])("%s", (_, source, expected) => {
    expect(compactTemplates(source)).toBe(expected);
  });

  test.each(["wgsl`#if a`", "wgsl`#if ${a} b`", "wgsl`#endif`", "wgsl`#else`", "wgsl`#if ${a}`"])("%s is no template", (source) => {
    expect(() => compactTemplates(source)).toThrow(/#/);
  });
});
