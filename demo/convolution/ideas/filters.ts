/** Named filters as rows of numbers, for both sizes. */
export const filters: Readonly<Record<string, { readonly title: string; readonly 3: readonly number[]; readonly 5: readonly number[] }>> = {
  vertical: { title: "Left to right: dark to light", 3: outer([1, 2, 1], [-1, 0, 1]), 5: outer([1, 2, 3, 2, 1], [-1, -2, 0, 2, 1]) },
  horizontal: { title: "Top to bottom: dark to light", 3: outer([-1, 0, 1], [1, 2, 1]), 5: outer([-1, -2, 0, 2, 1], [1, 2, 3, 2, 1]) },
  diagonal: { title: "Slanted edges", 3: byPlace(3, (y, x) => x - y), 5: byPlace(5, (y, x) => Math.max(-2, Math.min(2, x - y))) },
  outline: {
    title: "Outlines",
    3: byPlace(3, (y, x) => (x === 0 && y === 0 ? 8 : -1)),
    5: byPlace(5, (y, x) => (x === 0 && y === 0 ? 24 : -1)),
  },
  sharpen: {
    title: "Sharpen",
    3: [0, -1, 0, -1, 5, -1, 0, -1, 0],
    5: [0, 0, -1, 0, 0, 0, -1, -2, -1, 0, -1, -2, 17, -2, -1, 0, -1, -2, -1, 0, 0, 0, -1, 0, 0],
  },
  blur: { title: "Blur", 3: byPlace(3, () => 0.11), 5: byPlace(5, () => 0.04) },
  nothing: {
    title: "Pass on",
    3: byPlace(3, (y, x) => (x === 0 && y === 0 ? 1 : 0)),
    5: byPlace(5, (y, x) => (x === 0 && y === 0 ? 1 : 0)),
  },
};

function outer(column: readonly number[], row: readonly number[]): number[] {
  return column.flatMap((a) => row.map((b) => a * b));
}

/** Rows and columns counted from the middle. */
function byPlace(size: number, value: (row: number, column: number) => number): number[] {
  const middle = size >> 1;
  return Array.from({ length: size * size }, (_, i) => value(Math.floor(i / size) - middle, (i % size) - middle));
}
