import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "puppeteer";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { renderPage } from "../../src/bench/report/index.ts";
import type { BenchReport } from "../../src/bench/schema.ts";
import { sampleReport } from "../support/bench-report.ts";
import { bundleApp } from "../support/build.ts";
import { screenshots } from "../support/demo-page.ts";
import { freshPage } from "../support/page.ts";
import { serveStatic } from "../support/static-server.ts";

let folder: string;
let page: Page;
let problems: string[];
let requests: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unroll-report-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  await page?.close();
});

async function fresh(): Promise<void> {
  ({ page, problems } = await freshPage());
  requests = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.setViewport({ width: 1280, height: 900 });
}

/** As a user opens the file that --html writes. */
async function open(...reports: readonly BenchReport[]): Promise<void> {
  await fresh();
  const file = join(folder, "report.html");
  await writeFile(file, renderPage(reports));
  await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
}

/** What is shown in a column of the table, from the first row on. */
const column = (index: number): Promise<string[]> =>
  page.$$eval(
    "table[data-table] tbody tr:not([data-off])",
    (rows, i) => rows.map((row) => (row.children[i] as HTMLTableCellElement | undefined)?.innerText.trim() ?? ""),
    index,
  );
const shown = (selector: string): Promise<number> =>
  page.$$eval(selector, (elements) => elements.filter((element) => element.getClientRects().length > 0).length);
const numbers = (texts: readonly string[]): number[] => texts.map((text) => Number.parseFloat(text.replaceAll(",", "")));

describe("the page that stands alone", () => {
  test("opens without an error or a request, and its table is sorted by a click on a heading", async () => {
    await open(sampleReport());
    const sort = (title: string) => page.click(`table[data-table] th[title^="${title}"] button`);
    const unsorted = await column(0);
    await sort("By GPU time");
    const rates = numbers((await column(4)).filter((text) => /^\d/.test(text)));
    expect(rates.length).toBeGreaterThan(15);
    expect(rates).toEqual([...rates].sort((a, b) => b - a));
    expect((await column(4)).findIndex((text) => !/^\d/.test(text))).toBe(rates.length);
    expect(await page.$$eval("[aria-sort]", (found) => found.map((th) => [th.textContent, th.ariaSort]))).toEqual([
      ["GFLOP/s", "descending"],
    ]);
    await sort("By GPU time");
    const ascending = numbers((await column(4)).filter((text) => /^\d/.test(text)));
    expect(ascending).toEqual([...ascending].sort((a, b) => a - b));
    // what has no value stays at the end
    expect((await column(4)).findIndex((text) => !/^\d/.test(text))).toBe(rates.length);
    await sort("What is computed");
    const names = await column(0);
    expect(names).toEqual([...unsorted].sort((a, b) => a.localeCompare(b, "en", { numeric: true })));
    expect(problems).toEqual([]);
    expect(requests.filter((url) => !url.startsWith("data:")).length).toBe(1);
  });

  test("shows what is chosen: suites and words", async () => {
    await open(sampleReport());
    const rows = async () => (await column(0)).length;
    const [all, points] = [await rows(), await shown(".point")];
    await page.click('[data-toggle="kernels"]');
    expect(await page.$eval('[data-toggle="kernels"]', (button) => button.ariaPressed)).toBe("false");
    const kernels = sampleReport().results.filter(({ suite }) => suite === "kernels").length;
    expect(await rows()).toBe(all - kernels);
    expect(await shown(".point")).toBeLessThan(points);
    expect(await shown(".group h4")).toBe(3);
    await page.click('[data-toggle="kernels"]');
    await page.type("[data-words]", "POOL vec4");
    expect(await column(1)).toEqual(["vec4 chosen"]);
    expect(await shown(".point")).toBe(0);
    expect(await shown(".group h4")).toBe(1);
    expect([await shown(".singles li"), await shown("[data-nothing]")]).toEqual([0, 0]);
    await page.type("[data-words]", " zzz");
    expect([await rows(), await shown("[data-suite][data-name]"), await shown("[data-nothing]")]).toEqual([0, 0, 1]);
    expect(problems).toEqual([]);
  });

  test("tells of each point what it is, by pointer and by keys", async () => {
    await open(sampleReport());
    const tip = () => page.$$eval(".tip", (tips) => tips.map((box) => (box as HTMLElement).innerText));
    const point = await page.$('.point[data-name$="conv2d 3×3 N1 56² 64→64 implicit gemm"]');
    await point?.scrollIntoView();
    const box = await point?.boundingBox();
    if (!box) throw new Error("the point is not in view");
    await page.mouse.move(box.x + box.width / 2 + 9, box.y + box.height / 2 + 3);
    expect((await tip()).join()).toMatch(
      /^conv2d 3×3 N1 56² 64→64, implicit gemm\n19.4 ms \(GPU\)\n11.9 GFLOP\/s · .*\n34 % of what the peak allows here$/,
    );
    await page.mouse.move(5, 5);
    expect(await tip()).toEqual([]);
    await page.$eval('.point[tabindex="0"]', (point) => (point as SVGElement).focus());
    const places: number[] = [];
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press("ArrowRight");
      places.push(await page.evaluate(() => document.activeElement?.getBoundingClientRect().left ?? 0));
      expect((await tip()).length).toBe(1);
    }
    // through all of them, and round
    expect(new Set(places.slice(0, 22)).size).toBeGreaterThan(10);
    expect(await page.$$eval('.point[tabindex="0"]', ({ length }) => length)).toBe(1);
    await page.keyboard.press("Escape");
    expect(await tip()).toEqual([]);
    expect(problems).toEqual([]);
  });

  test("runs nothing that a report holds", async () => {
    const hostile = `</title></style></script><script>alert(1)</script><img src=x onerror="alert(2)">"><svg onload=alert(3)>`;
    const report = sampleReport();
    const results = report.results.map((result) => ({
      ...result,
      suite: `${result.suite}${hostile}`,
      name: `${result.name}${hostile}`,
      subject: `${result.subject}${hostile}`,
      ...(result.check.message ? { check: { ...result.check, message: hostile } } : {}),
    }));
    const adapter = { ...report.environment.adapter, description: hostile };
    await open({ ...report, command: hostile, environment: { ...report.environment, adapter, flags: [hostile] }, results }, report);
    expect(await page.$$eval("script, img, [onerror], [onload]", ({ length }) => length)).toBe(1); // its own
    await page.hover(".point");
    expect(await page.$$eval(".tip b", (lines) => lines.map(({ textContent }) => textContent).join())).toContain(
      "<script>alert(1)</script>",
    );
    expect(problems).toEqual([]);
  });

  test.each([
    ["one", [sampleReport()]],
    ["two", [sampleReport(), sampleReport({ seed: 2, software: false, speed: 0.03 })]],
    ["builds", [sampleReport(), sampleReport({ seed: 4, speed: 1.04 }), sampleReport({ seed: 5, speed: 0.9, partial: true })]],
  ] as const)("looks right on phones and desktops, light and dark: %s", async (name, reports) => {
    await open(...reports);
    await screenshots(page, `bench-report-${name}`);
    expect(problems).toEqual([]);
  });
});

describe("a report within a page", () => {
  test("works where inline scripts and styles are forbidden, and keeps what was chosen when it grows", async () => {
    const app = await bundleApp(`
      import { mountReport } from "/src/bench/index.ts";
      const report = ${JSON.stringify(sampleReport())};
      const mounted = mountReport(document.querySelector("#here"), [{ ...report, results: report.results.slice(0, 12) }]);
      globalThis.grow = () => mounted.update([report]);
      globalThis.clear = () => mounted.update([]);`);
    await writeFile(join(folder, "app.js"), app);
    await writeFile(join(folder, "app.css"), "body { margin: 0; --card: #fedcba; } td:nth-child(n + 1) { display: none; }");
    const head = '<meta charset="utf-8"><link rel="stylesheet" href="app.css"><script type="module" src="app.js"></script>';
    await writeFile(
      join(folder, "index.html"),
      `<!doctype html><html lang="en"><head>${head}<title>t</title></head><body><div id="here"></div></body></html>`,
    );
    const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'";
    const { url, server } = await serveStatic(folder, { "Content-Security-Policy": policy });
    try {
      await fresh();
      await page.goto(url, { waitUntil: "load" });
      const inside = <T>(read: (root: ShadowRoot) => T): Promise<T> =>
        page.evaluate(`(${read})(document.querySelector("#here").shadowRoot)`) as Promise<T>;
      await page.waitForSelector("#here >>> table[data-table]");
      // the page's colours come in, its rules do not
      expect(await inside((root) => getComputedStyle(root.querySelector(".card") as Element).backgroundColor)).toBe("rgb(254, 220, 186)");
      expect(await inside((root) => getComputedStyle(root.querySelector("td") as Element).display)).toBe("table-cell");
      await page.click('#here >>> table[data-table] th[title^="Median time between"] button');
      await page.type("#here >>> [data-words]", "matmul");
      const focused = () => inside((root) => root.activeElement?.outerHTML);
      await page.focus('#here >>> [data-sort="2"]');
      const times = (): Promise<string> =>
        inside((root) =>
          Array.from(
            root.querySelectorAll("tbody tr:not([data-off])[data-keys]"),
            (row) => JSON.parse((row as HTMLElement).dataset.keys ?? "")[2],
          ).join(),
        );
      const before = numbers((await times()).split(","));
      expect(before.length).toBe(7);
      expect(before).toEqual([...before].sort((a, b) => b - a));
      await page.evaluate("grow()");
      expect(await focused()).toContain('data-sort="2"');
      expect(await inside((root) => root.querySelectorAll("tbody tr[data-keys]").length)).toBe(sampleReport().results.length);
      expect((await times()).split(",").slice(0, 7).map(Number)).toEqual(before);
      expect(await inside((root) => (root.querySelector("[data-words]") as HTMLInputElement).value)).toBe("matmul");
      await page.evaluate("clear()");
      expect(await inside((root) => root.querySelector(".report")?.textContent?.trim())).toBe("No report.");
      expect(problems).toEqual([]);
    } finally {
      server.close();
    }
  });
});
