import { sameBitsTests } from "./sweeps/exported.ts";

sameBitsTests("whole");
