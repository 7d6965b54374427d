import * as ort from "onnxruntime-web/webgpu";
import { channelsFirst } from "../../layout.ts";
import { onnxModel } from "../onnx.ts";
import { lenetInitializers, lenetNodes } from "../ort-works.ts";
import { cold } from "./page.ts";

// An app downloads its model; here it is made in the page, which takes a few milliseconds.
cold(async ({ x, weights }, ready) => {
  const images = channelsFirst(x);
  const inputs = { x: images.shape };
  const model = onnxModel({ nodes: lenetNodes, inputs, outputs: { y: [64, 10] }, weights: lenetInitializers(weights) });
  const session = await ort.InferenceSession.create(model, { executionProviders: ["webgpu"] });
  ready();
  const { y } = await session.run({ x: new ort.Tensor("float32", images.data as Float32Array, images.shape) });
  return (await y.getData()) as Float32Array;
});
