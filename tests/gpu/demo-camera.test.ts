import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DemoPage, part } from "../support/demo-page.ts";
import { inPage, type OwnBrowser, ownBrowser } from "../support/page.ts";
import { type FilmFile, fakeCamera, writeY4m } from "../support/y4m.ts";
import type { lumaOfShots } from "./pages/shots.ts";

/** Of ten shots, the one that the camera shows all the time. */
const SHOT = 4;

let film: FilmFile;
let browser: OwnBrowser;
beforeAll(async () => {
  const { frames } = await inPage<Awaited<ReturnType<typeof lumaOfShots>>>("tests/gpu/pages/shots.ts", "lumaOfShots", 10);
  film = await writeY4m([frames[SHOT]], 320, 240, 10);
  browser = await ownBrowser(fakeCamera(film.path));
});
afterAll(async () => {
  await browser?.close();
  await film?.remove();
});

const demo = DemoPage.forEachTest(() => browser);

const choose = (source: string): Promise<void> =>
  demo.page.$eval(`input[name="source"][value="${source}"]`, (radio) => (radio as HTMLInputElement).click());
const films = (): Promise<boolean> => demo.page.$eval(part("video"), (video) => (video as HTMLVideoElement).srcObject !== null);

const open = async () => {
  await demo.open("convolution");
  await demo.ready("convolution");
};

describe("The camera of the page", () => {
  test("is looked at while it is chosen", async () => {
    await open();
    await choose("camera");
    await demo.untilText("stage-note", /Hold a dark digit/);
    await demo.untilText("answer", /^\d$/); // a guess: it learned nothing
    for (let i = 0; i < 3; i++) await demo.page.click(part("again"));
    await demo.untilText("stage-note", /Hold a dark digit/);
    expect(await films()).toBe(true);
    // Built anew while the camera runs.
    await demo.page.click(part("reset"));
    await demo.ready("convolution");
    await demo.untilText("answer", /^\d$/);
    await choose("draw");
    expect(await films()).toBe(false);
    // Chosen, and not waited for.
    await choose("camera");
    await choose("draw");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await films()).toBe(false);
    expect(demo.problems).toEqual([]);
  });
});
