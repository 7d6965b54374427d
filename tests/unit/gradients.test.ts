import { gradientTests } from "./sweeps/gradients.ts";

gradientTests("part");
