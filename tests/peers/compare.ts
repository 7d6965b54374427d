import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { build } from "vite";
import { compactShaders } from "../../src/build/shaders.ts";
import { launchChrome } from "../../src/cli/runtime/chrome.ts";
import { isolationHeaders } from "../../src/cli/runtime/page-server.ts";
import { root } from "../support/build.ts";
import { serveStatic } from "../support/static-server.ts";
import { cpuTimes } from "./cpu-times.ts";
import type { Report } from "./pages/measure.ts";

const JAX = "@jax-js/jax@0.1.25";
/** Losses of f32 kernels in another order of summation, over a few steps. */
const TOLERANCE = 1e-3;
/** What a browser that has just started does besides: the page is opened after it. */
const SETTLE_MS = 1500;

const scratch = join(tmpdir(), "unroll-peers");
const pages = { unroll: "unroll.ts", "jax-js": "jax.js" } as const;
type Name = keyof typeof pages;

/** Measures both libraries in turn, each time in a browser of its own, and prints the figures beside one another. */
export async function compare(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "5" },
      only: { type: "string" },
      cold: { type: "boolean" },
      json: { type: "string" },
      library: { type: "string" },
    },
  });
  const names = (Object.keys(pages) as Name[]).filter((name) => values.only === undefined || name === values.only);
  const rounds = Number(values.rounds);
  if (names.length === 0 || !Number.isInteger(rounds) || rounds < 1) throw new Error("--only unroll|jax-js, --rounds a whole number");
  const version = names.includes("jax-js") ? await installJax() : "";
  const folder = await mkdtemp(join(tmpdir(), "unroll-peers-pages-"));
  const reports = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Measurement[]>;
  let browser = "";
  try {
    const built = {} as Record<Name, string>;
    for (const name of names) built[name] = await buildPage(name, values.library ?? "src/index.ts", folder);
    for (let round = 0; round < rounds; round++)
      for (const name of round % 2 === 0 ? names : [...names].reverse()) {
        const measured = await measure(built[name], values.cold ?? false);
        browser = measured.browser;
        reports[name].push(measured.report);
        const { cold, awaited } = measured.report;
        console.log(
          `round ${round + 1}, ${name}: cold ${cold.toFixed(0)} ms${values.cold ? "" : `, step ${quantile(awaited, 0.5).toFixed(1)} ms`}`,
        );
      }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const all = names.map((name) => ({ name, reports: reports[name] }));
  console.log(`\n${browser}; ${all[0].reports[0].adapter}; unroll from ${values.library ?? "src"}${version && `; jax-js ${version}`}`);
  if (names.length > 1) compareLosses(reports);
  for (const { name, reports } of all) print(name, reports);
  if (values.json) await writeFile(values.json, JSON.stringify({ browser, version, reports }));
}

/** Into a scratch folder, where it stays for the next time: nothing in this repository depends on it. */
async function installJax(): Promise<string> {
  await mkdir(scratch, { recursive: true });
  await writeFile(join(scratch, "package.json"), JSON.stringify({ private: true }));
  await promisify(execFile)("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", JAX], { cwd: scratch });
  return (JSON.parse(await readFile(join(scratch, "node_modules/@jax-js/jax/package.json"), "utf8")) as { version: string }).version;
}

/** The page as its developer would ship it, minified. */
async function buildPage(name: Name, library: string, folder: string): Promise<string> {
  const entry = join(folder, name);
  const outDir = join(folder, `${name}-built`);
  await mkdir(entry, { recursive: true });
  const page = join(entry, "index.html");
  await writeFile(
    page,
    `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>${name}</title><output></output><script type="module" src="${join(root, "tests/peers/pages", pages[name])}"></script>`,
  );
  await build({
    configFile: false,
    root: entry,
    logLevel: "error",
    plugins: [compactShaders()],
    resolve: {
      alias: [
        { find: /^.*\/src\/index\.ts$/, replacement: join(root, library) },
        { find: "@jax-js/jax", replacement: join(scratch, "node_modules/@jax-js/jax/dist/index.js") },
      ],
    },
    build: { outDir, emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false } },
  });
  return outDir;
}

interface Measured {
  readonly report: Measurement;
  readonly browser: string;
}

async function measure(folder: string, cold: boolean): Promise<Measured> {
  const { url, server } = await serveStatic(folder, isolationHeaders);
  const { browser, description } = await launchChrome();
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(String(error)));
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const before = cpuTimes(browser.process()?.pid);
    await page.goto(cold ? `${url}?cold` : url);
    const report = (await page.evaluate(() => (window as unknown as { report: Promise<Report> }).report)) as Report;
    const after = cpuTimes(browser.process()?.pid);
    if (problems.length > 0) throw new Error(`on the page:\n${problems.join("\n")}`);
    const cpu = Object.fromEntries(Object.keys(after).map((kind) => [kind, after[kind] - (before[kind] ?? 0)]));
    return { report: { ...report, cpu }, browser: description };
  } finally {
    await browser.close();
    server.close();
  }
}

/** A report, and the processor time that the browser's processes took for it, in ms by kind; only on Linux. */
type Measurement = Report & { readonly cpu: Readonly<Record<string, number>> };

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

/** Median, and p10 to p90. */
const summary = (values: readonly number[], digits = 0): string =>
  `${quantile(values, 0.5).toFixed(digits)} ms (${quantile(values, 0.1).toFixed(digits)} to ${quantile(values, 0.9).toFixed(digits)})`;

function print(name: Name, reports: readonly Measurement[]): void {
  console.log(`\n${name}, ${reports.length} browsers`);
  console.log(`  cold start to the first loss  ${summary(reports.map(({ cold }) => cold))}`);
  let last = "";
  for (const part of Object.keys(reports[0].parts)) {
    const times = reports.map(({ parts }) => parts[part] - (last ? parts[last] : 0));
    console.log(`    ${(part === "script" ? "until the script runs" : part).padEnd(28)}${summary(times)}`);
    last = part;
  }
  if (reports[0].awaited.length === 0) {
    for (const kind of Object.keys(reports[0].cpu))
      console.log(`  processor time, ${kind.padEnd(14)}${summary(reports.map(({ cpu }) => cpu[kind]))}`);
    return;
  }
  console.log(
    `  a step, awaited               ${summary(
      reports.flatMap(({ awaited }) => awaited),
      1,
    )}`,
  );
  console.log(
    `  a step, in a loop             ${summary(
      reports.flatMap(({ loop }) => loop),
      1,
    )}`,
  );
  console.log(`  dispatches of a step ${reports[0].dispatches}, submits ${reports[0].submits}`);
}

/** The same weights and batches must give the same losses, or one of the pages computes something else. */
function compareLosses(reports: Record<Name, Measurement[]>): void {
  const [ours, theirs] = [reports.unroll[0].losses, reports["jax-js"][0].losses];
  console.log("\nlosses of the first steps\n  unroll     jax-js");
  ours.forEach((loss, i) => {
    console.log(`  ${loss.toFixed(6)}   ${theirs[i].toFixed(6)}`);
  });
  const worst = Math.max(...ours.map((loss, i) => Math.abs(loss - theirs[i]) / Math.abs(theirs[i])));
  if (!(worst <= TOLERANCE)) throw new Error(`the losses differ by up to ${worst}: the pages do not compute the same`);
}
