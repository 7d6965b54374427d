/**
 * `row_of(index, rows)`: the row that an index means. Indices out of range are clamped to the first and last row; negative i32 count
 * from the end first, as in ONNX.
 */
export const rowIndexLibrary = (signed: boolean): string =>
  signed
    ? `
fn row_of(index: i32, rows: u32) -> u32 {
  let count = i32(rows);
  return u32(clamp(select(index, index + count, index < 0), 0, count - 1));
}
`
    : `
fn row_of(index: u32, rows: u32) -> u32 {
  return min(index, rows - 1u);
}
`;
