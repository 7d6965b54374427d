import * as ort from "onnxruntime-web/wasm";
import { type Ort, ortLibrary } from "./ort-library.ts";
import { serve } from "./page.ts";

serve(async () => {
  ort.env.wasm.numThreads = navigator.hardwareConcurrency;
  return ortLibrary(ort as unknown as Ort, "wasm");
});
