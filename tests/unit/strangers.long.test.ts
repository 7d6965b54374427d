import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../support/build.ts";
import { installPacked, packPackage } from "../support/pack.ts";
import { libraries, typeErrors } from "../support/types.ts";

// Apps with the tools of others, which are installed from the npm registry: it takes minutes.

const run = promisify(execFile);

let folder: string;
let archive: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unroll-strangers-"));
  archive = await packPackage(join(folder, "package"));
}, 600_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** An app of somebody's with these packages, into which the packed file is installed after them. */
async function appWith(name: string, ...packages: readonly string[]): Promise<string> {
  const app = join(folder, name);
  await cp(join(root, "tests/embedding/app"), app, { recursive: true });
  await run("npm", ["install", "--save-dev", "--no-audit", "--no-fund", "--prefer-offline", ...packages], { cwd: app });
  await installPacked(app, archive);
  return app;
}

const EXPORT = ["node_modules/unroll-gpu/dist/src/cli/unroll.js", "export", "export-lenet.ts", "--out", "src/lenet.json"];
/** What a tool says of the package: its name stands in every path into it. */
const ofPackage = (output: string): string[] => output.split("\n").filter((line) => line.includes("unroll-gpu"));

describe("apps with another Vite", () => {
  test.each([5, 6, 7, 8])(
    "the packed file installs beside Vite %i, exports a trainer with it, and is built without a warning",
    async (major) => {
      const app = await appWith(`vite-${major}`, `vite@${major}`);
      const { version } = JSON.parse(await readFile(join(app, "node_modules/vite/package.json"), "utf8")) as { version: string };
      expect(version).toMatch(new RegExp(`^${major}\\.`));
      await run(process.execPath, EXPORT, { cwd: app });
      expect((await readFile(join(app, "src/lenet.json"), "utf8")).length).toBeGreaterThan(10_000);
      await cp(join(root, "tests/examples/my-kernel.ts"), join(app, "my-kernel.ts"));
      const bundle = `const { bundleFile } = await import("./node_modules/unroll-gpu/dist/src/cli/bundle.js");
        console.log(await bundleFile("my-kernel.ts", "Reading a file with kernels"));`;
      const { stdout: script } = await run(process.execPath, ["--input-type=module", "-e", bundle], { cwd: app, maxBuffer: 1 << 24 });
      expect(script).toContain("square");
      for (const config of ["whole.config.js", major < 8 ? "lean-worker.config.js" : "lean.config.js", "static.config.js"]) {
        const { stdout, stderr } = await run(join(app, "node_modules/.bin/vite"), ["build", "-c", config, "--outDir", "built"], {
          cwd: app,
        });
        expect(ofPackage(stderr + stdout), config).toEqual([]);
      }
    },
    600_000,
  );

  test("with Vite 4 all installs, and unroll export says what it needs", async () => {
    const app = await appWith("vite-4", "vite@4");
    const error = await run(process.execPath, EXPORT, { cwd: app }).catch((it: { stderr: string }) => it);
    expect(error.stderr).toMatch(/needs version 5 or later of the package "vite"; version 4\.\d+\.\d+ is installed: npm install/);
  }, 600_000);
});

test("Rollup 4 builds an app without a warning", async () => {
  const app = await appWith("rollup", "rollup@4", "@rollup/plugin-node-resolve@16");
  await writeFile(
    join(app, "build.mjs"),
    `import { rollup } from "rollup";
    import { nodeResolve } from "@rollup/plugin-node-resolve";
    const warnings = [];
    for (const entry of ["unroll-gpu", "unroll-gpu/lean", "unroll-gpu/lean/static", "unroll-gpu/bench"]) {
      const plugins = [nodeResolve(), { name: "app", resolveId: (id) => (id === "app" ? id : null), load: (id) => (id === "app" ? \`export * from "\${entry}"\` : null) }];
      const bundle = await rollup({ input: "app", plugins, onLog: (level, log) => warnings.push(\`\${entry}: \${level}: \${log.message}\`) });
      const { output } = await bundle.generate({ format: "es" });
      if (output.map(({ code }) => code).join("").length < 10_000) throw new Error(\`\${entry}: next to nothing was built\`);
    }
    console.log(JSON.stringify(warnings));`,
  );
  const { stdout } = await run(process.execPath, ["build.mjs"], { cwd: app });
  expect(JSON.parse(stdout)).toEqual([]);
}, 600_000);

describe("the types are those of the package", () => {
  test.each(["5.4", "5.9", "6", "7"])(
    "with TypeScript %s, with WebGPU's types and without them, declarations checked or not",
    async (version) => {
      const app = join(folder, `typescript-${version}`);
      await mkdir(app);
      await cp(join(root, "tests/embedding/types"), join(app, "types"), { recursive: true });
      await writeFile(join(app, "package.json"), '{ "type": "module", "private": true }');
      await installPacked(app, archive, `typescript@${version}`, "@webgpu/types");
      for (const library of libraries)
        for (const skipLibCheck of [true, false])
          expect(await typeErrors(app, library, skipLibCheck, version), JSON.stringify(library)).toEqual([]);
    },
    600_000,
  );
});
