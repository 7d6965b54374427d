import { damagedFiles, sameBitsTests } from "./sweeps/exported.ts";

sameBitsTests("whole");
damagedFiles(150);
