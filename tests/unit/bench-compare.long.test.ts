import { coverageTests } from "./sweeps/coverage.ts";

coverageTests(300);
