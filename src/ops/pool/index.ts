export { globalAveragePool2d, globalLpPool2d, globalMaxPool2d } from "./global.ts";
export { type MaxoutOptions, maxout, maxoutWithIndices } from "./maxout.ts";
export {
  type AveragePoolOptions,
  averagePool2d,
  type LpPoolOptions,
  lpPool2d,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  type PoolOptions,
  type UnpoolOptions,
} from "./public.ts";
export {
  type AveragePoolOptions1d,
  averagePool1d,
  type LpPoolOptions1d,
  lpPool1d,
  maxPool1d,
  maxPool1dWithIndices,
  maxUnpool1d,
  type PoolOptions1d,
  type UnpoolOptions1d,
} from "./rows.ts";
