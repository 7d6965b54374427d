import "@tensorflow/tfjs-backend-webgpu";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import * as tf from "@tensorflow/tfjs-core";
import { serve } from "./page.ts";
import { tfjsLibrary } from "./tfjs-works.ts";

serve(async () => {
  await tf.setBackend("webgpu");
  await tf.ready();
  const backend = tf.backend() as WebGPUBackend;
  return tfjsLibrary(async () => {
    // What is encoded waits for more unless it is submitted.
    if ((backend as unknown as { commandEncoder: unknown }).commandEncoder) {
      backend.endComputePassEncoder();
      backend.submitQueue();
    }
    await backend.queue.onSubmittedWorkDone();
  });
});
