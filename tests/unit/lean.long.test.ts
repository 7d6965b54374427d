import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadPackage, typecheck, writeLeanSources } from "../support/lean.ts";
import { leanBuildTests } from "./sweeps/lean-builds.ts";

const folder = await mkdtemp(join(tmpdir(), "unroll-lean-"));
const folders = [folder];
afterAll(() => Promise.all(folders.map((path) => rm(path, { recursive: true, force: true }))));

leanBuildTests("whole", await loadPackage(false, folder), await loadPackage(true, folder));

test("the sources of the lean package do not pass where they need what was taken away", async () => {
  const faults: readonly (readonly [path: string, line: string, told: RegExp])[] = [
    [
      "src/program/compile.ts",
      "export const a = (op: import('../graph/op.ts').Op) => op.reference;",
      /'reference' does not exist on type 'Op/,
    ],
    [
      "src/program/updates.ts",
      "export const b = ({ optimizer }: { optimizer: import('../graph/update.ts').Optimizer }) => optimizer.reference;",
      /'reference' does not exist on type 'Optimizer/,
    ],
    [
      "src/ops/pointwise/define.ts",
      "export const c = <A>(spec: PointwiseSpec<A>) => spec.value;",
      /'value' does not exist on type 'PointwiseSpec/,
    ],
    ["src/program/order.ts", 'export { evaluate } from "./evaluate.ts";', /Cannot find module '\.\/evaluate\.ts'/],
  ];
  const written = await writeLeanSources((path, code) =>
    [code, ...faults.filter(([at]) => at === path).map(([, line]) => line)].join("\n"),
  );
  folders.push(written);
  const said = (await typecheck(written)).trim();
  expect(said.split("\n").length).toBe(faults.length);
  for (const [path, , told] of faults) expect(said.split("\n").find((line) => line.startsWith(path))).toMatch(told);
});
