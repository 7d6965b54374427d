import { Engine, loadTrainer } from "unroll-gpu";
import lenet from "./lenet.json";
import { loop } from "./loop.ts";

// The same as size.ts, planned ahead of time.
void Engine.create()
  .then((engine) => loadTrainer(engine, lenet))
  .then((trainer) => loop(trainer, 100))
  .then(console.log);
