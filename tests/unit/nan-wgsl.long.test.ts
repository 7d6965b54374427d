import { nanWgslTests } from "./sweeps/nan-wgsl.ts";

nanWgslTests("whole");
