import { Engine } from "unroll-gpu";
import { train } from "./lenet.ts";

// The least that an app does which trains this network: what its bundle weighs is the library.
void Engine.create()
  .then((engine) => train(engine, 100))
  .then(console.log);
