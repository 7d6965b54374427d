import { gradientTests } from "./sweeps/gradients.ts";

gradientTests("whole");
