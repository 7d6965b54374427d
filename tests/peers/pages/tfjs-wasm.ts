import script from "@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.es2017.min.js?url";
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import * as tf from "@tensorflow/tfjs-core";
import { serve } from "./page.ts";
import { tfjsLibrary } from "./tfjs-works.ts";

/** The backend as a script: its threads start from the text of a function in it, which bundlers change so that they never answer. */
function loadBackend(): Promise<unknown> {
  Object.assign(window, { tf: { ...tf } });
  const element = document.createElement("script");
  element.src = script;
  const loaded = new Promise((resolve, reject) => {
    element.onload = resolve;
    element.onerror = reject;
  });
  document.head.append(element);
  return loaded;
}

serve(async () => {
  await loadBackend();
  const { wasm } = (window as unknown as { tf: { wasm: typeof import("@tensorflow/tfjs-backend-wasm") } }).tf;
  wasm.setWasmPaths({
    "tfjs-backend-wasm.wasm": plain,
    "tfjs-backend-wasm-simd.wasm": simd,
    "tfjs-backend-wasm-threaded-simd.wasm": threaded,
  });
  await tf.setBackend("wasm");
  await tf.ready();
  return tfjsLibrary(async () => undefined);
});
