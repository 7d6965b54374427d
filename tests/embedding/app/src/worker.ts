import { Engine } from "unroll-gpu";
import { train } from "./lenet.ts";

self.addEventListener("message", (event: MessageEvent<{ readonly steps: number }>) => {
  void (async () => {
    try {
      const engine = await Engine.create();
      const result = await train(engine, event.data.steps);
      engine.dispose();
      self.postMessage(result);
    } catch (error) {
      self.postMessage({ error: String(error) });
    }
  })();
});
