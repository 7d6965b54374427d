import { expect, test } from "vitest";
import { freshPage, inPage } from "../support/page.ts";
import type { DispatchOutcome } from "./pages/recovery.ts";

const PAGE = "tests/gpu/pages/recovery.ts";

test("a device lost at a dispatch of a step costs nothing: training goes on with the same bits", async () => {
  const { dispatches, tried, wrong } = await inPage<DispatchOutcome>(PAGE, "everyDispatch", 0, 9);
  expect(wrong).toEqual([]);
  expect(dispatches).toBeGreaterThan(10);
  expect(tried.length).toBeGreaterThan(1);
});

test("a new page goes on from the checkpoint in IndexedDB, with the same bits", async () => {
  const name = `test ${Date.now()}`;
  await inPage(PAGE, "firstHalf", name, 6);
  const other = await freshPage();
  try {
    await other.page.goto(`${other.origin}/blank`);
    const result = await other.page.evaluate(`import("/${PAGE}").then((module) => module.secondHalf(${JSON.stringify(name)}, 11))`);
    expect(result).toEqual({ from: 6, same: true });
    expect(other.problems).toEqual([]);
  } finally {
    await other.page.close();
  }
});

test("checkpoints in a file of the browser go on with the same bits", async () => {
  expect(await inPage(PAGE, "inFile")).toEqual({ from: 5, same: true });
});
