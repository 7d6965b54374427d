/**
 * `row_of(index, rows)`: the row that an index means, negative i32 counting from the end as in ONNX; `rows` where it is out of range.
 */
export const rowIndexLibrary = (signed: boolean): string =>
  signed
    ? `
fn row_of(index: i32, rows: u32) -> u32 {
  // Below −rows it stays negative, which as u32 is beyond every row.
  return min(u32(select(index, index + i32(rows), index < 0)), rows);
}
`
    : `
fn row_of(index: u32, rows: u32) -> u32 {
  return min(index, rows);
}
`;
