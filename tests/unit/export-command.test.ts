import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { main } from "../../src/cli/main.ts";
import { crossEntropy, dense, exportTrainer, sequential, sgd } from "../../src/index.ts";

let folder: string;
let said: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unroll-export-test-"));
});
afterAll(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  said = [];
  for (const method of ["log", "error"] as const)
    vi.spyOn(console, method).mockImplementation((line: unknown) => {
      said.push(String(line));
    });
});

const script = async (name: string, text: string): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
};

const MODEL = `import { crossEntropy, dense, exportTrainer, exportProgram, input, sequential, sgd } from "unroll-gpu";
const trainer = () => exportTrainer(sequential(dense({ units: 3 })), {
  input: [5], batch: 2 as number, loss: crossEntropy(), optimizer: sgd({ learningRate: 0.1 }),
});`;

describe("unroll export", () => {
  test("writes what a script in TypeScript exports, beside it", async () => {
    const file = await script("small.ts", `${MODEL}\nexport default trainer();`);
    expect(await main(["export", file])).toBe(0);
    const expected = await exportTrainer(sequential(dense({ units: 3 })), {
      input: [5],
      batch: 2,
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.1 }),
    });
    // the bundle's shaders are not compact in the same way as those of this test, but the file's are
    expect(JSON.parse(await readFile(join(folder, "small.json"), "utf8"))).toEqual(JSON.parse(JSON.stringify(expected)));
    expect(said[0]).toMatch(/^training step, batch 2: \d+ dispatches on hardware, \d+ dispatches on software$/);
    expect(said.at(-1)).toMatch(/small\.json: \d+ kernels, [\d.]+ KB, [\d.]+ KB gzipped$/);
  });

  test("writes to --out what has any name", async () => {
    const file = await script("named.ts", `${MODEL}\nexport const small = await trainer();\nexport const other = 3;`);
    const out = join(folder, "out.json");
    expect(await main(["export", file, "--out", out])).toBe(0);
    expect(JSON.parse(await readFile(out, "utf8")).format).toBe("unroll-trainer/1");
  });

  test("runs a script that reads files beside it, and imports others", async () => {
    await script("units.txt", "3");
    await script("model.mts", `${MODEL}\nexport const made = trainer;`);
    const file = await script(
      "reads.mts",
      `import { readFileSync } from "node:fs";
import { made } from "./model.mts";
const units = Number(readFileSync(new URL("./units.txt", import.meta.url), "utf8"));
if (units !== 3) throw new Error(String(units));
export default made();`,
    );
    expect(await main(["export", file])).toBe(0);
    expect(JSON.parse(await readFile(join(folder, "reads.json"), "utf8")).format).toBe("unroll-trainer/1");
  });

  test.each([
    ["nothing", "export const x = 3;", /nothing\.ts must export one thing .* it exports 0$/],
    ["two", "export const a = trainer(); export const b = trainer();", /two\.ts must export one thing .* it exports 2$/],
    ["broken", "export default (;", /broken\.ts does not build/],
    ["wrong", "export default exportTrainer(3 as never, {} as never);", /exportTrainer: the model must be made by sequential\(…\), not 3$/],
    ["half", "export default { ...(await trainer()), programs: undefined };", /half\.ts must export one thing .* it exports 0$/],
    [
      "misspelt",
      "export default exportTrainer(sequential(dense({ units: 3 })), { bathces: 3 } as never);",
      /there is no option "bathces"; options are .*batches, devices$/,
    ],
    ["throws", "throw new Error('its own');", /throws\.ts: its own$/],
  ])("says what is wrong with a script: %s", async (name, text, message) => {
    const file = await script(`${name}.ts`, `${MODEL}\n${text}`);
    expect(await main(["export", file])).toBe(2);
    expect(said.join("\n")).toMatch(message);
  });

  test("says what is wrong with a call", async () => {
    expect(await main(["export"])).toBe(2);
    expect(await main(["export", "no-script"])).toBe(2);
    expect(said).toEqual(Array(2).fill("unroll export: give one script, as in: unroll export lenet.ts --out lenet.json"));
    expect(await main(["export", join(folder, "missing.ts")])).toBe(1);
    const file = await script("fine.ts", `${MODEL}\nexport default trainer();`);
    expect(await main(["export", file, "--out", join(folder, "none", "x.json")])).toBe(2);
    expect(said.at(-1)).toMatch(/x\.json cannot be written: /);
    expect(await main(["export", file, "--out", file])).toBe(2);
    expect(said.at(-1)).toMatch(/fine\.ts is there already, and was not exported from .*fine\.ts; choose another --out$/);
    for (const code of [0, 0]) expect(await main(["export", file])).toBe(code);
  });
});
