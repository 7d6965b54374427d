import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // two files at once: one computes references or waits while the other has the software GPU
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: "unit", include: ["tests/unit/**/*.test.ts", "tmp/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "gpu",
          include: ["tests/{gpu,conformance,demo,program,nn}/**/*.test.ts"],
          exclude: ["tests/unit/**"],
          globalSetup: ["tests/support/setup.ts"],
        },
      },
    ],
  },
});
