/** What is compared: the subject of its rows, the page that serves it, its packages, and its page for the cold start. */
export interface LibraryEntry {
  readonly subject: string;
  readonly page: string;
  readonly package?: string;
  /** Whether it computes on the GPU, so that ratios count it. */
  readonly webgpu: boolean;
  readonly cold?: string;
}

export const OWN = "unroll";

export const libraries: readonly LibraryEntry[] = [
  { subject: OWN, page: "unroll.ts", webgpu: true, cold: "cold/unroll.ts" },
  { subject: "jax-js", page: "jax.js", package: "@jax-js/jax", webgpu: true, cold: "cold/jax.js" },
  { subject: "tfjs", page: "tfjs.ts", package: "@tensorflow/tfjs-core", webgpu: true, cold: "cold/tfjs.ts" },
  { subject: "ort", page: "ort.ts", package: "onnxruntime-web", webgpu: true, cold: "cold/ort.ts" },
  { subject: "tfjs-wasm", page: "tfjs-wasm.ts", package: "@tensorflow/tfjs-backend-wasm", webgpu: false },
  { subject: "ort-wasm", page: "ort-wasm.ts", package: "onnxruntime-web", webgpu: false },
];
