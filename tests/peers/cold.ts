import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { BenchResult } from "../../src/bench/schema.ts";
import { distribution } from "../../src/bench/statistics.ts";
import { launchChrome } from "../../src/cli/runtime/chrome.ts";
import { isolationHeaders } from "../../src/cli/runtime/page-server.ts";
import { serveStatic } from "../support/static-server.ts";
import { buildPage } from "./build.ts";
import { type LibraryEntry, libraries, OWN } from "./libraries.ts";
import { compareOutputs, TOLERANCE } from "./outputs.ts";
import type { Cold } from "./pages/cold/page.ts";
import type { PeersOptions } from "./suite.ts";
import { COLD } from "./works.ts";

/** What a browser that has just started does besides: the page is opened after it. */
const SETTLE_MS = 1500;

interface Subject {
  readonly library: LibraryEntry;
  readonly folder: string;
  readonly reports: Cold[];
  failure?: string;
}

/**
 * From the start of the navigation to the logits of the first batch through LeNet, each time in a browser of its own with a fresh
 * profile, as nothing may be cached; and the bytes that the page loads for it.
 */
export async function measureCold(
  options: Pick<PeersOptions, "browser" | "flags" | "signal">,
  rounds: number,
  folder: string,
): Promise<BenchResult[]> {
  const subjects: Subject[] = [];
  for (const library of libraries) if (library.cold) subjects.push({ library, folder: await buildPage(library.cold, folder), reports: [] });
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < subjects.length; i++) {
      const subject = subjects[(i + round) % subjects.length];
      if (options.signal?.aborted || subject.failure) continue;
      try {
        subject.reports.push(await start(subject.folder, options));
      } catch (error) {
        subject.failure = error instanceof Error ? error.message.split("\n")[0] : String(error);
      }
    }
  const own = subjects.find(({ library }) => library.subject === OWN)?.reports[0];
  return Promise.all(subjects.map((subject) => resultOf(subject, own)));
}

async function start(folder: string, options: Pick<PeersOptions, "browser" | "flags">): Promise<Cold> {
  const { url, server } = await serveStatic(folder, isolationHeaders);
  const { browser } = await launchChrome({ browser: options.browser, flags: options.flags, pipe: true });
  try {
    const page = await browser.newPage();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    await page.goto(url);
    return await page.evaluate(() => (window as unknown as { cold: Promise<Cold> }).cold);
  } finally {
    await browser.close();
    server.close();
  }
}

async function resultOf({ library, folder, reports, failure }: Subject, own: Cold | undefined): Promise<BenchResult> {
  const row = { suite: "peers", name: COLD, subject: library.subject };
  if (reports.length === 0 || own === undefined)
    return { ...row, check: { ok: true, against: "none" }, missing: failure ?? "the run was stopped" };
  const outputs = ({ logits }: Cold) => ({ logits: Float32Array.from(logits) });
  const isOwn = library.subject === OWN;
  const check = isOwn ? { ok: true, against: "none" as const } : compareOutputs(outputs(own), outputs(reports[0]), TOLERANCE);
  if (!check.ok) return { ...row, check, missing: `wrong: ${check.message}` };
  const wall = distribution(
    reports.map(({ ms }) => ms),
    1,
  );
  const parts = reports[0].parts.map(({ name }, i) => ({
    name,
    ms: distribution(
      reports.map((report) => report.parts[i].ms),
      1,
    ).median,
  }));
  return { ...row, check, wall, parts, shippedBytes: await loadedBytes(folder, reports[0].files) };
}

/** Of the scripts and WebAssembly that the page loaded, gzipped. */
async function loadedBytes(folder: string, files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of new Set(files))
    if (/\.(m?js|wasm)$/.test(file)) bytes += gzipSync(await readFile(join(folder, file)), { level: 9 }).length;
  return bytes;
}
