import * as ort from "onnxruntime-web/wasm";
import { type Ort, ortLibrary } from "./ort-library.ts";
import { serve } from "./page.ts";

// ONNX Runtime's threads load the script of the page, too.
if (typeof window !== "undefined")
  serve(async () => {
    ort.env.wasm.numThreads = navigator.hardwareConcurrency;
    return ortLibrary(ort as unknown as Ort, "wasm");
  });
