import { randomPlanTests } from "./sweeps/plan.ts";

randomPlanTests(61, 300);
