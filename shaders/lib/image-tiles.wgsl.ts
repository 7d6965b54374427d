/** The fields of `imageTilesLibrary`, 4 bytes each. */
export const IMAGE_TILES_PARAMS = 16;

/** What image_draw and image_range know of the tiles that are drawn: their place in the tensor and on the canvas. */
export const imageTilesLibrary = `
struct Params {
  width: u32,
  height: u32,
  columns: u32,
  tiles: u32,
  gap: u32,
  zoom: u32,
  first: u32,
  tile_stride: u32,
  pixel_stride: u32,
  stops: u32,
  ranges: u32,
  depth: u32,
  background: vec4<f32>,
}
`;
