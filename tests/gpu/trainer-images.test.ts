import { expect, test } from "vitest";
import { inPage } from "../support/page.ts";
import type { train } from "./pages/trainer-images.ts";

type Trained = Awaited<ReturnType<typeof train>>;

test("a trainer takes the buffer of an image reader like an array with the same values", async () => {
  const page = "tests/gpu/pages/trainer-images.ts";
  const [buffer, array] = [await inPage<Trained>(page, "train", "buffer"), await inPage<Trained>(page, "train", "array")];
  expect(buffer.losses[4]).toBeLessThan(buffer.losses[0]);
  buffer.losses.forEach((loss, i) => {
    expect(loss).toBeCloseTo(array.losses[i], 5);
  });
  buffer.output.forEach((value, i) => {
    expect(value).toBeCloseTo(array.output[i], 5);
  });
});
