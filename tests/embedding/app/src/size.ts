import { Engine } from "unroll-gpu";
import { train } from "./lenet.ts";

// The least that an app does which trains this network: what its bundle weighs is the library.
console.log(await train(await Engine.create(), 100));
