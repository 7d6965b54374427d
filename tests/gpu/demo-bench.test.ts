import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { parseReport } from "../../src/bench/parse.ts";
import { sampleReport } from "../support/bench-report.ts";
import { DemoPage, part } from "../support/demo-page.ts";
import { freshPage } from "../support/page.ts";

const demo = DemoPage.forEachTest();
const REPORT = `${part("bench-report")} >>> `;

/** Drops files on the page as a user would. */
const drop = (...files: readonly (readonly [name: string, content: string])[]) =>
  demo.page.evaluate((files) => {
    const dataTransfer = new DataTransfer();
    for (const [name, content] of files) dataTransfer.items.add(new File([content], name, { type: "application/json" }));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  }, files);

/** What a click on a button saves: the file's name and its text. */
async function saved(button: string): Promise<readonly [string, string]> {
  await demo.page.evaluate(() => {
    const kept: Blob[] = [];
    URL.createObjectURL = (blob) => {
      kept.push(blob as Blob);
      return "data:,";
    };
    HTMLAnchorElement.prototype.click = function () {
      Object.assign(window, { savedFile: kept[0].text().then((text) => [this.download, text]) });
    };
  });
  await demo.page.click(part(button));
  return (await demo.page.evaluate("window.savedFile")) as readonly [string, string];
}

const disabled = (id: string) => demo.page.$eval(part(id), (button) => (button as HTMLButtonElement).disabled);
const status = () => demo.page.$eval("#panel-bench .status", ({ textContent }) => textContent ?? "");
const openTab = async () => {
  await demo.open("bench");
  await demo.ready("bench");
};

describe("the Bench tab", () => {
  test("measures this device, fills the roofline meanwhile, stops when asked, and saves what it found", async () => {
    await openTab();
    await demo.page.waitForFunction(() => document.querySelector("#adapter")?.textContent?.includes("a software adapter"));
    for (const id of ["bench-stop", "bench-save-json", "bench-save-html"]) expect(await disabled(id)).toBe(true);
    for (const suite of ["kernels", "layers"]) await demo.page.click(`#panel-bench input[value="${suite}"]`);
    await demo.page.click(part("bench-run"));
    expect(await status()).toBe("Choose at least one suite.");
    await demo.page.click('#panel-bench input[value="kernels"]');
    await demo.page.click(part("bench-run"));
    await demo.page.waitForSelector(`${REPORT}.point`, { timeout: 100_000 });
    expect(await demo.page.$eval("#panel-bench", ({ ariaBusy }) => ariaBusy)).toBe("true");
    expect(await status()).toMatch(/^\d+ of \d+: ./);
    expect(await demo.page.$eval(part("bench-progress"), (bar) => (bar as HTMLProgressElement).max)).toBeGreaterThan(1);
    await demo.page.click(part("bench-stop"));
    await demo.page.waitForSelector('#panel-bench[aria-busy="false"]', { timeout: 60_000 });
    expect(await status()).toBe("Stopped. What was done is below.");
    expect(await demo.page.$eval(`${REPORT}.notice`, ({ textContent }) => textContent)).toContain("Stopped before it was through");
    expect(await demo.page.$eval("#adapter", ({ textContent }) => textContent)).toContain("a software adapter");
    const [name, text] = await saved("bench-save-json");
    expect(name).toMatch(/^unroll-bench-[a-z0-9-]+-20\d\d-\d\d-\d\d\.json$/);
    const report = parseReport(text);
    expect(report).toMatchObject({ incomplete: true, environment: { runtime: { name: "page" } } });
    expect(report.results.length).toBeGreaterThan(0);
    expect(demo.problems).toEqual([]);
  });

  test("sets the reports that are dropped side by side, and says in plain words what it cannot read", async () => {
    await openTab();
    await drop(
      ["gpu.json", JSON.stringify(sampleReport({ seed: 2, software: false, speed: 0.03 }))],
      ["cpu.json", JSON.stringify(sampleReport())],
    );
    await demo.page.waitForSelector(`${REPORT}.compare`);
    expect(await demo.page.$$eval(`${part("bench-others")} li`, (items) => items.map(({ textContent }) => textContent))).toEqual([
      "gpu.json: NVIDIA GeForce RTX 4090 · nvidia · ada · 0x2684×",
      "cpu.json: SwiftShader Device (LLVM 10.0.0) · google · swiftshader · 0xc0de (software, no GPU)×",
    ]);
    expect(await demo.page.$eval(`${REPORT}h1`, ({ textContent }) => textContent)).toBe("2 reports side by side B: software, no GPU");
    await demo.screenshots("bench-compared");
    await demo.page.setViewport({ width: 1280, height: 900 });

    await drop(["holiday.jpg", "\u0000\u0001"], ["newer.json", JSON.stringify({ ...sampleReport(), schema: "unroll-bench/9" })]);
    await demo.page.waitForSelector("#panel-bench .status.error");
    expect(await status()).toMatch(
      /^“holiday\.jpg”: this is no report of unroll bench: it is not JSON .*“newer\.json”: this report is of a newer unroll/,
    );
    expect(await demo.page.$$eval(`${part("bench-others")} li`, ({ length }) => length)).toBe(2);

    const [name, text] = await saved("bench-save-html");
    expect(name).toBe("unroll-bench-nvidia-ada-2026-11-24.html");
    await demo.page.click(`${part("bench-others")} li:last-child button`);
    await demo.page.waitForFunction((id) => !document.querySelector(id)?.shadowRoot?.querySelector(".compare"), {}, part("bench-report"));
    await demo.page.click(`${part("bench-others")} li button`);
    expect(await disabled("bench-save-html")).toBe(true);
    expect(demo.problems).toEqual([]);

    // the page that was saved works by itself: its script has been through the bundler
    const { page, problems } = await freshPage();
    try {
      const file = join(tmpdir(), `unroll-saved-${process.pid}.html`);
      await writeFile(file, text);
      await page.goto(pathToFileURL(file).href);
      await page.click('th[title^="By GPU time"] button');
      expect(await page.$$eval('[aria-sort="descending"]', ({ length }) => length)).toBe(1);
      expect(problems).toEqual([]);
    } finally {
      await page.close();
    }
  });
});
