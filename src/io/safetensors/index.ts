export { type DecodeSafetensorsOptions, decodeSafetensors, type NameFilter, type Safetensors } from "./decode.ts";
export { encodeSafetensors } from "./encode.ts";
export type { FileArray, FileArrays, FileDType } from "./types.ts";
