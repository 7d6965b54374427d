import { faultTests } from "./sweeps/faults.ts";

faultTests("whole");
