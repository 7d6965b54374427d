/**
 * With these, Chromium composites on SwiftShader too. Then it has what it lacks on a software GPU otherwise: external textures, copies of
 * frames of videos, and canvases of WebGPU (where the first texture of such a canvas ends the GPU process).
 */
export const COMPOSITED = ["--enable-features=Vulkan", "--use-vulkan=swiftshader", "--use-angle=swiftshader"] as const;
