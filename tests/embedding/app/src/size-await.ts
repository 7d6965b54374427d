import { Engine } from "unroll-gpu";
import { train } from "./lenet.ts";

// As size.ts, but other modules of the app would wait for it: bundlers then keep what is loaded on demand, and what it shares, apart.
console.log(await train(await Engine.create(), 100));
