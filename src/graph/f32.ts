/** The smallest number that GPUs keep: smaller ones may count as 0. */
const LEAST = 2 ** -126;
const MOST = (2 - 2 ** -23) * 2 ** 127;

/** Whether a number stays one in f32: neither infinite there nor 0 unless it is 0. */
export const fitsF32 = (value: unknown): value is number => {
  const magnitude = typeof value === "number" ? Math.abs(value) : Number.NaN;
  return magnitude === 0 || (magnitude >= LEAST && magnitude <= MOST);
};

/** Whether a number is finite in f32. */
export const isFiniteF32 = (value: unknown): value is number => typeof value === "number" && Number.isFinite(Math.fround(value));

/** What is wrong with a number that would be fine but for {@link fitsF32}, to end a message with. */
export const beyondF32 = (value: unknown): string =>
  Number.isFinite(value) && !fitsF32(value) ? " (as f32 that is 0 or infinite: it holds 1.2e-38 to 3.4e38)" : "";
