import "@tensorflow/tfjs-backend-webgpu";
import * as tf from "@tensorflow/tfjs-core";
import { lenet, tensors } from "../tfjs-lenet.ts";
import { cold } from "./page.ts";

cold(async ({ x, weights }, ready) => {
  await tf.setBackend("webgpu");
  await tf.ready();
  ready();
  return await tf.tidy(() => lenet(tensors({ ...weights, x }))).data();
});
