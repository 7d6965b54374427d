export { type ArgmaxOptions, argmax, argmin } from "./argmax.ts";
export { type TopKOptions, topKAccuracy } from "./top-k.ts";
