import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "puppeteer";
import type { BenchReport, BenchResult, Check } from "../../src/bench/schema.ts";
import { distribution } from "../../src/bench/statistics.ts";
import { launchChrome } from "../../src/cli/runtime/chrome.ts";
import { isolationHeaders } from "../../src/cli/runtime/page-server.ts";
import { serveStatic } from "../support/static-server.ts";
import { buildPage } from "./build.ts";
import { measureCold } from "./cold.ts";
import { dataOf, type Named } from "./data.ts";
import { type LibraryEntry, libraries, OWN } from "./libraries.ts";
import { type Compared, compareOutputs, decodeOutputs, doubtOwn, type Outputs, TOLERANCE, TRAINING_TOLERANCE } from "./outputs.ts";
import type { Peer } from "./pages/page.ts";
import type { PeerEnvironment } from "./pages/unroll.ts";
import { formatRow, formatSummary, header } from "./table.ts";
import { COLD, type Row, rows, type Work, wanted } from "./works.ts";

export interface PeersOptions {
  readonly browser?: string;
  readonly flags?: readonly string[];
  /** Rows whose name this matches; all of them without it. */
  readonly only?: RegExp | string;
  /** Short samples and few of them. */
  readonly quick?: boolean;
  /** Samples of each library in each row; of what is slow fewer. */
  readonly rounds?: number;
  log(line: string): void;
  onResult?(result: BenchResult): void;
  /** Ends the run after what is being measured; what is done is in the report. */
  readonly signal?: AbortSignal;
}

export type PeersReport = Pick<BenchReport, "environment" | "clock" | "roofline" | "results" | "incomplete">;

/** Milliseconds of a sample, at least; and of all samples of a library in a row, after which it takes no more. */
const FULL = { rounds: 7, sample: 100, budget: 8000, coldRounds: 5 };
const QUICK = { rounds: 3, sample: 60, budget: 1500, coldRounds: 1 };
/** A page that does not answer for so long is given up for the row. */
const PATIENCE_MS = 180_000;

interface Opened extends LibraryEntry {
  readonly tab: Page;
}

/**
 * The same work in this library and others, in one browser on one adapter: the outputs are compared, then samples are taken in turn, a
 * round of all libraries after the other, so that a machine that slows down does so for all. A sample is as many runs one after another
 * as take 100 ms, from the first call until the GPU has done the last; inputs and weights lie on the device, and runs go through
 * several sets of inputs.
 */
export async function runPeers(options: PeersOptions): Promise<PeersReport> {
  const { log, signal } = options;
  const settings = { ...(options.quick ? QUICK : FULL), ...(options.rounds ? { rounds: options.rounds, coldRounds: options.rounds } : {}) };
  const chosen = rows.filter(({ name }) => wanted(name, options.only));
  const folder = await mkdtemp(join(tmpdir(), "unroll-peers-"));
  const servers: Server[] = [];
  const results: BenchResult[] = [];
  const add = (name: string, found: readonly BenchResult[]): void => {
    for (const result of found) options.onResult?.(result);
    results.push(...found);
    log(formatRow(name, found));
  };
  const { browser, description, flags = [] } = await launchChrome({ browser: options.browser, flags: options.flags, pipe: true }); // its signal ends rows, not the browser
  try {
    const opened: Opened[] = [];
    for (const library of libraries) {
      if (chosen.length === 0 && library.subject !== OWN) continue;
      const { url, server } = await serveStatic(await buildPage(library.page, folder), isolationHeaders);
      servers.push(server);
      const tab = await browser.newPage();
      await tab.goto(url);
      opened.push({ ...library, tab });
    }
    const { environment, clock, roofline } = await describe(opened[0].tab, description, flags);
    const { adapter } = environment;
    log(`${adapter.software ? "software adapter: " : ""}${adapter.description || adapter.vendor}; ${description}`);
    log(
      Object.entries(environment.versions)
        .map((version) => version.join(" "))
        .join(", "),
    );
    log(header());
    for (const row of chosen) if (!signal?.aborted) add(row.name, await measureRow(row, opened, settings, signal));
    for (const { tab } of opened) await tab.close();
    if (!signal?.aborted && wanted(COLD, options.only)) add(COLD, await measureCold(options, settings.coldRounds, folder));
    for (const line of formatSummary(results)) log(line);
    return { environment, clock, roofline, results, ...(signal?.aborted ? { incomplete: true } : {}) };
  } finally {
    await browser.close();
    for (const server of servers) server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A library in a row. */
interface Entry extends Compared {
  readonly library: Opened;
  runs: number;
  readonly samples: number[];
}

async function measureRow(row: Row, opened: readonly Opened[], settings: typeof FULL, signal?: AbortSignal): Promise<BenchResult[]> {
  const entries: Entry[] = [];
  let own: Outputs | undefined;
  for (const library of opened) {
    if (signal?.aborted) break;
    const { outputs, missing } = await call(library, row.name);
    const given = outputs && decodeOutputs(outputs);
    if (library.subject === OWN) own = given;
    const found = given ? checkOf(row, own, given) : { check: { ok: true, against: "none" as const }, missing };
    entries.push({ library, runs: 0, samples: [], ...found });
  }
  const [ours, others] = [true, false].map((isOwn) => entries.filter(({ library }) => (library.subject === OWN) === isOwn));
  doubtOwn(ours[0], others);
  for (const entry of entries)
    await attempt(entry, async () => {
      if (!signal?.aborted) entry.runs = await entry.library.tab.evaluate(calibrate, settings.sample);
    });
  for (let round = 0; round < settings.rounds && !signal?.aborted; round++)
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[(i + round) % entries.length];
      const spent = entry.samples.reduce((sum, each) => sum + each * entry.runs, 0);
      if (spent >= settings.budget) continue;
      await attempt(entry, async () => void entry.samples.push(await entry.library.tab.evaluate(sample, entry.runs)));
    }
  const results: BenchResult[] = [];
  const bytes = own && bytesOf(row.work, own);
  for (const entry of entries) results.push({ ...(await resultOf(row, entry)), ...(bytes === undefined ? {} : { bytes }) });
  return results;
}

/** The fewest bytes that must move: what goes in and what comes out, and in a training step the parameters both ways. */
function bytesOf(work: Work, outputs: Outputs): number {
  const { shared, sets } = dataOf(work);
  const size = (named: Named): number => Object.values(named).reduce((sum, { data }) => sum + data.byteLength, 0);
  const isTraining = /training|character/.test(work.kind);
  const out = Object.values(outputs).reduce((sum, { byteLength }) => sum + byteLength, 0);
  return size(sets[0]) + size(shared) + (isTraining ? size(shared) : out);
}

/** What fails after the check costs the library its time in this row, and no other row. */
async function attempt(entry: Entry, work: () => Promise<void>): Promise<void> {
  if (entry.missing) return;
  try {
    await work();
  } catch (error) {
    if (!entry.library.tab.browser().connected) throw error;
    entry.missing = error instanceof Error ? error.message.split("\n")[0] : String(error);
    entry.samples.length = 0;
    await entry.library.tab.reload();
  }
}

async function resultOf({ name, flops }: Row, entry: Entry): Promise<BenchResult> {
  const { library, check, samples } = entry;
  let counts = {};
  await attempt(entry, async () => {
    if (library.webgpu) counts = await library.tab.evaluate(count);
  });
  await library.tab.evaluate(close);
  return {
    suite: "peers",
    name,
    subject: library.subject,
    check,
    ...(samples.length > 0 ? { wall: distribution(samples, entry.runs), ...counts } : { missing: entry.missing ?? "the run was stopped" }),
    ...(flops === undefined ? {} : { flops }),
  };
}

function checkOf(row: Row, own: Outputs | undefined, given: Outputs): { check: Check; missing?: string } {
  if (own === undefined) return { check: { ok: false, against: "none" }, missing: "there is nothing to compare it with" };
  if (own === given) return { check: { ok: true, against: "none" } };
  const check = compareOutputs(own, given, /training step/.test(row.name) ? TRAINING_TOLERANCE : TOLERANCE);
  return check.ok ? { check } : { check, missing: `wrong: ${check.message}` };
}

/** Opens a row in a page. A page that fails is loaded anew, so that the next row finds it whole. */
async function call({ tab }: Opened, name: string): ReturnType<Peer["open"]> {
  const open = tab.evaluate((row) => (window as unknown as { peer: Peer }).peer.open(row), name);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ missing: string }>((resolve) => {
    timer = setTimeout(() => resolve({ missing: `no answer within ${PATIENCE_MS / 1000} s` }), PATIENCE_MS);
  });
  open.catch(() => {});
  const answer = await Promise.race([open, late]);
  clearTimeout(timer);
  if (answer.missing) await tab.reload();
  return answer;
}

// Run in the pages.
const calibrate = (ms: number) => (window as unknown as { peer: Peer }).peer.calibrate(ms);
const sample = (runs: number) => (window as unknown as { peer: Peer }).peer.sample(runs);
const count = () => (window as unknown as { peer: Peer }).peer.count();
const close = () => (window as unknown as { peer: Peer }).peer.close();

async function describe(
  tab: Page,
  choice: string,
  flags: readonly string[],
): Promise<Pick<BenchReport, "environment" | "clock" | "roofline">> {
  const {
    grain,
    roofline,
    environment: own,
  } = await tab.evaluate(() => (window as unknown as { environment: () => Promise<PeerEnvironment> }).environment());
  const versions: Record<string, string> = {};
  for (const name of [undefined, ...new Set(libraries.flatMap((library) => library.package ?? []))]) {
    const path = new URL(name ? `node_modules/${name}/package.json` : "../../package.json", import.meta.url);
    const { name: found, version } = JSON.parse(await readFile(fileURLToPath(path), "utf8")) as { name: string; version: string };
    versions[found] = version;
  }
  const environment = { ...own, runtime: { name: "chrome", choice }, flags, versions };
  return { environment, roofline, clock: { kind: "wall", wallGrainNanoseconds: grain } };
}
