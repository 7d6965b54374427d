import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { loadPackage } from "../support/lean.ts";
import { leanBuildTests } from "./sweeps/lean-builds.ts";

const folder = await mkdtemp(join(tmpdir(), "unroll-lean-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

leanBuildTests("whole", await loadPackage(false, folder), await loadPackage(true, folder));
