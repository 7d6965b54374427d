import { inPage } from "../support/page.ts";
import { timeTests } from "./time-cases.ts";

for (const kind of ["gpu", "loaded"] as const)
  timeTests(kind, (name, ...args) => inPage("tests/program/pages/time.ts", name, ...args), kind === "gpu" ? [1, 2, 3] : [4]);
