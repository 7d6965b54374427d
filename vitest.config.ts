import { defineConfig } from "vitest/config";
import Progress from "./tests/support/progress.ts";

/** What takes long by nature: full sweeps, learning to the end, soaks. They have a project of their own, whatever folder they are in. */
const LONG = "**/*.long.test.ts";
/** Sweeps that take hours, for a release: they are not part of what every change must pass. */
const RELEASE = "**/*.release.test.ts";

export default defineConfig({
  test: {
    // two files at once: one computes references or waits while the other has the software GPU
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default", new Progress()],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts", "tmp/**/*.test.ts"],
          exclude: [LONG, RELEASE],
          // Files share the modules that they load, which takes as long as the tests. A file undoes what it stubs.
          pool: "threads",
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: "gpu",
          include: ["tests/{gpu,conformance,demo,program,nn}/**/*.test.ts"],
          exclude: [LONG, RELEASE],
          globalSetup: ["tests/support/setup.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "long",
          include: [`tests/${LONG}`],
          globalSetup: ["tests/support/setup.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: { name: "release", include: [`tests/${RELEASE}`], globalSetup: ["tests/support/setup.ts"] },
      },
    ],
  },
});
