import { verifyTests } from "./sweeps/verify.ts";

verifyTests("part");
