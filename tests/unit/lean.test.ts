import { rm } from "node:fs/promises";
import { afterAll, describe, expect, test } from "vitest";
import { leanSource } from "../../build/lean/lean.ts";
import { typecheck, writeLeanSources } from "../support/lean.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** What TypeScript says of the lean sources, in which types and objects have lost the faces that only the proof needs. */
async function checked(change?: (path: string, code: string) => string): Promise<string> {
  const folder = await writeLeanSources(change);
  folders.push(folder);
  return typecheck(folder);
}

describe("the sources of the lean package", () => {
  test("need nothing that was taken away", async () => {
    expect(await checked()).toBe("");
  });
});
