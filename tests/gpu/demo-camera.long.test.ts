import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DemoPage, part } from "../support/demo-page.ts";
import { inPage, type OwnBrowser, ownBrowser } from "../support/page.ts";
import { type FilmFile, fakeCamera, writeY4m } from "../support/y4m.ts";
import type { lumaOfShots } from "./pages/shots.ts";

/** Of ten shots, the one that the camera shows all the time. */
const SHOT = 4;

let film: FilmFile;
let label: number;
let browser: OwnBrowser;
beforeAll(async () => {
  const { frames, labels } = await inPage<Awaited<ReturnType<typeof lumaOfShots>>>("tests/gpu/pages/shots.ts", "lumaOfShots", 10);
  label = labels[SHOT];
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

const open = async () => {
  await demo.open("convolution");
  await demo.ready("convolution");
};

describe("The camera of the page", () => {
  test("shows a digit that is read when the network has learned", async () => {
    await open();
    await demo.page.select(part("batch"), "16");
    await demo.ready("convolution");
    await choose("camera");
    await demo.page.click(part("start"));
    await demo.until("held-out", { from: 90 }, 160); // at 70 % it still wavers between two digits
    await demo.untilText("answer", new RegExp(`^${label}$`), 40);
    await demo.page.click(part("start")); // pauses
    await demo.ready("convolution");
    await demo.untilText("answer-note", /%/);
    await demo.screenshots("convolution-camera");
    console.log(`demo: the camera's ${label} is read as ${await demo.text("answer")}, ${await demo.text("answer-note")}`);
    expect(await demo.text("answer")).toBe(String(label));
    expect(demo.problems).toEqual([]);
  }, 240_000);
});
