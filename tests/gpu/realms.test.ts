import { expect, test } from "vitest";
import { inPage } from "../support/page.ts";

const PAGE = "tests/gpu/pages/realms.ts";

test("arrays of a frame, of subclasses, over memory that is shared or may grow, are arrays", async () => {
  const found = await inPage<Record<string, number[]>>(PAGE, "arrays");
  expect(Object.keys(found)).toEqual(["own", "frame", "subclass", "shared", "resizable", "growable"]);
  for (const [kind, values] of Object.entries(found))
    expect({ kind, values }).toEqual({ kind, values: [1, 4, 9, 1, 2, 3, 2, 4, 6, 85, 170, 255] });
});

test("a device of a frame is adopted, with its buffers", async () => {
  expect(await inPage(PAGE, "device")).toEqual([4, 9, 16]);
});

test("images of a frame are read as those of this window", async () => {
  const found = await inPage<Record<string, number[]>>(PAGE, "images");
  for (const [kind, values] of Object.entries(found)) expect({ kind, values }).toEqual({ kind, values: [0, 2] });
});

test("a file over memory that is shared or may grow is decoded", async () => {
  const found = await inPage<Record<string, number[]>>(PAGE, "files");
  expect(Object.keys(found)).toHaveLength(5);
  for (const [kind, values] of Object.entries(found)) expect({ kind, values }).toEqual({ kind, values: [1, 2] });
});
