import { portabilityTests } from "./sweeps/portability.ts";

portabilityTests("whole");
