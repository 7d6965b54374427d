import { defaultDevice, init, jit, numpy as np } from "@jax-js/jax";
import { channelsFirst } from "../../layout.ts";
import { lenet, lenetParameters } from "../jax-lenet.js";
import { cold } from "./page.ts";

cold(async ({ x, weights }, ready) => {
  await init("webgpu");
  defaultDevice("webgpu");
  ready();
  const { shape, data } = channelsFirst(x);
  return await jit(lenet)(lenetParameters(weights), np.array(data).reshape(shape)).data();
});
