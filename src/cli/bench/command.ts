import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compareReports, rowKey, THRESHOLD } from "../../bench/compare.ts";
import { outcomeOf } from "../../bench/figures.ts";
import { parseReport } from "../../bench/parse.ts";
import { renderPage } from "../../bench/report/index.ts";
import type { SuiteName } from "../../bench/run.ts";
import type { BenchReport, BenchResult } from "../../bench/schema.ts";
import { startNames } from "../../bench/suites/start-names.ts";
import { UnrollError } from "../../errors.ts";
import { fits, patternSource } from "../../patterns.ts";
import { bundleFile, isScript } from "../bundle.ts";
import { codeOf, type EndSignal, onInterrupt, ownFolder, reasonOf } from "../lifetime.ts";
import { checkWritable, keep } from "../output.ts";
import { launch, type RuntimeOptions } from "../runtime/runtime.ts";
import type { BenchEvent, BenchTaskOptions } from "../tasks.ts";
import { ownVersion } from "../version.ts";
import { runPeers } from "./peers.ts";
import { ProgressBar } from "./progress.ts";
import { mergeStarts } from "./starts.ts";
import { formatComparison, formatHead, formatRoofline, formatTable } from "./table.ts";

/** Options of the command line, as they were given. */
export interface BenchValues {
  readonly runtime?: string;
  readonly browser?: string;
  readonly "browser-flag"?: readonly string[];
  readonly adapter?: string;
  readonly json?: string;
  readonly html?: string;
  readonly compare?: string;
  readonly threshold?: string;
  readonly quick?: boolean;
  /** Seconds. */
  readonly timeout?: string;
}

/** As in src/bench/run.ts, which is loaded in the runtime only. */
const SUITES: readonly SuiteName[] = ["start", "kernels", "layers", "models"];
/** Cold starts, each in a runtime of its own. */
const STARTS = { quick: 1, full: 5 };

/** `unroll bench`. Resolves to the exit code: 0 fine, 1 something is wrong or slower than before, 130 and others interrupted. */
export async function benchCommand(words: readonly string[], values: BenchValues): Promise<number> {
  const threshold = values.threshold === undefined ? THRESHOLD : Number(values.threshold.trim() || Number.NaN);
  if (!(threshold >= 0 && threshold < Number.POSITIVE_INFINITY))
    throw new UnrollError("argument", `--threshold must be a number such as 0.1, not "${values.threshold}"`);
  // what cannot be read is said before minutes of measuring
  const earlier = values.compare === undefined ? undefined : await readReport(values.compare);
  for (const option of ["json", "html"] as const) if (values[option] !== undefined) await checkWritable(`--${option}`, values[option]);
  const command = ["unroll bench", ...process.argv.slice(3).map(quoted)].join(" ");
  const { report, interrupted, error } = words.includes("peers")
    ? await peers(words, command, values)
    : await measure(words, values, command);
  if (!report) return interrupted ?? 1;
  const kept = [
    !values.json || (await keep(values.json, `${JSON.stringify(report, undefined, 1)}\n`)),
    !values.html || (await keep(values.html, renderPage(earlier ? [earlier, report] : [report], { threshold }))),
  ];
  const comparison = earlier && compareReports(earlier, report, threshold);
  if (comparison) for (const line of formatComparison(comparison, threshold)) console.log(line);
  if (interrupted !== undefined) return interrupted;
  if (error !== undefined) throw error;
  // what others compute wrongly is told in the table; it is no failure of ours
  const wrong = report.results.filter(
    (result) => outcomeOf(result) === "wrong" && (result.suite !== "peers" || result.subject === "unroll"),
  );
  // a kernel that does not compile says the same at every size
  const told = new Map(wrong.map((result) => [`${result.subject} ${result.check.message}`, result]));
  for (const result of told.values()) console.error(`\nWRONG, so not timed: ${rowKey(result)}\n${result.check.message}`);
  const nothing = comparison?.rows.length === 0;
  if (nothing) console.error(`\nnothing was compared: ${values.compare} has no row of this run`);
  return wrong.length > 0 || nothing || kept.includes(false) || (comparison?.regressions.length ?? 0) > 0 ? 1 : 0;
}

/** As a shell takes it for one word. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

async function readReport(file: string): Promise<BenchReport> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new UnrollError("missing", `${file} cannot be read: ${reasonOf(cause)}`, { cause });
  });
  return parseReport(text);
}

interface Outcome {
  readonly report?: BenchReport;
  /** The exit code, where a signal ended it. */
  readonly interrupted?: number;
  /** What broke the run off, as when a device is lost; the report holds what was done. */
  readonly error?: unknown;
}

async function peers(words: readonly string[], command: string, values: BenchValues): Promise<Outcome> {
  const { browser, quick, runtime = "chrome" } = values;
  if (runtime !== "chrome") throw new UnrollError("argument", `--runtime ${runtime}: the suite peers runs in chrome only`);
  const strangers = words.filter((word) => isScript(word) || (SUITES as readonly string[]).includes(word));
  if (strangers.length > 0) throw new UnrollError("argument", `the suite peers runs alone, without ${strangers.join(", ")}`);
  const { flags, powerPreference } = adapterOptions(runtime, values);
  if (powerPreference)
    throw new UnrollError("argument", `--adapter ${powerPreference}: the other libraries of the suite peers choose for themselves`);
  const only = words.filter((word) => word !== "peers");
  const args = [
    ...(browser ? ["--browser", browser] : []),
    ...flags.map((flag) => `--browser-flag=${flag}`),
    ...(quick ? ["--quick"] : []),
    ...(only.length > 0 ? ["--only", only.map(patternSource).join("|")] : []),
  ];
  const { report, interrupted } = await runPeers(args);
  if (interrupted !== undefined) return { report: report && { ...report, command }, interrupted };
  if (!report) throw new UnrollError("missing", "the suite peers left no report");
  if (report.results.length === 0) throw new UnrollError("name", `no row of the suite peers has a name that matches ${only.join(" or ")}`);
  return { report: { ...report, command } };
}

async function measure(words: readonly string[], values: BenchValues, command: string): Promise<Outcome> {
  const { quick = false, runtime: name = "chrome" } = values;
  const files = words.filter(isScript);
  const isSuite = (word: string): word is SuiteName => (SUITES as readonly string[]).includes(word);
  const patterns = words.filter((word) => !isScript(word) && !isSuite(word));
  const wanted = words.filter(isSuite);
  const suites = wanted.length > 0 ? wanted : files.length > 0 ? [] : SUITES;
  if (files.length > 1) throw new UnrollError("argument", "give one file with kernels at a time");
  const only = patterns.length > 0 ? patterns : undefined;
  const source = files.length > 0 ? await bundleFile(files[0], "Reading a file with kernels") : undefined;
  const { flags, powerPreference } = adapterOptions(name, values);
  const progress = new ProgressBar();
  const seen = new Map<string, BenchResult>();
  let head: BenchReport | undefined;
  let last = "";
  const onEvent = (json: string) => {
    const event = JSON.parse(json) as BenchEvent;
    if (event.kind === "progress") progress.show(event);
    if (event.kind === "result") seen.set(rowKey(event.result), event.result);
    if (event.kind === "progress") last = event.name;
    if (event.kind === "report") {
      progress.clear();
      const { roofline } = event.report;
      if (!head) for (const line of formatHead(event.report)) console.log(line);
      else if (roofline && !head.roofline) for (const line of formatRoofline(roofline)) console.log(line);
      if (!head || roofline) head = event.report;
    }
  };
  const runtimeOptions: RuntimeOptions = {
    browser: values.browser,
    flags,
    scripts: source === undefined ? {} : { "/own.js": source },
    onEvent,
    timeout: values.timeout === undefined ? undefined : Number(values.timeout),
  };
  const task: BenchTaskOptions = { only, quick, command, powerPreference };
  const partial = (): BenchReport | undefined => head && { ...head, results: [...seen.values()], incomplete: true };

  const interrupt = new Interrupt();
  try {
    let file = source === undefined ? undefined : "/own.js";
    if (source !== undefined && name === "node") {
      const path = join(ownFolder(), "own.mjs");
      await writeFile(path, source);
      file = pathToFileURL(path).href;
    }
    const run = async (options: BenchTaskOptions): Promise<BenchReport> => {
      const runtime = await interrupt.race(launch(name, runtimeOptions));
      try {
        const environment = {
          runtime: { name: runtime.name, choice: runtime.choice },
          flags: runtime.flags ?? flags,
          versions: { "unroll-gpu": await ownVersion() },
        };
        return await interrupt.race(runtime.call("bench", { ...task, environment, ...options }));
      } finally {
        await runtime.close();
      }
    };
    try {
      let report = await run({ suites, file });
      // Only a fresh runtime starts cold, and Dawn in Node cannot begin anew within a process: there the first is all.
      if (suites.includes("start") && name !== "node") {
        const wanted = startNames.filter((start) => !only || only.some((pattern) => fits(pattern, `start: ${start}, unroll`)));
        for (let round = 0; round < (quick ? STARTS.quick : STARTS.full); round++)
          for (const [i, start] of wanted.entries())
            if (round + i > 0) report = mergeStarts(report, await run({ suites: ["start"], only: [`start: ${start},`], roofline: false }));
      }
      progress.clear();
      for (const line of formatTable(report)) console.log(line);
      return { report };
    } catch (error) {
      progress.clear();
      const report = partial();
      const { code } = interrupt;
      if (code === undefined && seen.size === 0) throw error;
      const what = code !== undefined ? "interrupted" : `it broke off${last && ` at ${last}`}`;
      console.log(report ? `\n${what}; what was done:` : `\n${what} before anything was measured`);
      if (report) for (const line of formatTable(report)) console.log(line);
      return code !== undefined ? { report, interrupted: code } : { report, error };
    }
  } finally {
    interrupt.dispose();
  }
}

/** Ctrl-C, being told to end, and a terminal that is closed. */
class Interrupt {
  /** The exit code, once it has happened. */
  code: number | undefined;
  readonly dispose: () => void;
  readonly #happens: Promise<never>;

  constructor() {
    let reject: (error: Error) => void = () => {};
    this.#happens = new Promise((_, no) => {
      reject = no;
    });
    this.#happens.catch(() => {});
    this.dispose = onInterrupt((signal: EndSignal) => {
      if (this.code !== undefined) process.exit(this.code); // twice: at once
      this.code = codeOf(signal);
      reject(new Error("interrupted"));
    });
  }

  race<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {}); // it fails when its browser is closed
    return Promise.race([work, this.#happens]);
  }
}

const POWER = ["low-power", "high-performance"] as const;

/** --adapter and --browser-flag as a runtime takes them. */
function adapterOptions(
  runtime: string,
  { adapter, "browser-flag": given = [] }: BenchValues,
): { flags: string[]; powerPreference?: GPUPowerPreference } {
  const flags = [...given];
  if (runtime === "firefox" && given.length > 0)
    throw new UnrollError("argument", "--browser-flag is for chrome and node; Firefox takes none");
  if (adapter === undefined) return { flags };
  const power = POWER.find((one) => one === adapter);
  if (power) return { flags, powerPreference: power };
  if (runtime === "node") return { flags: [...flags, `adapter=${adapter}`] };
  if (runtime === "chrome" && adapter === "swiftshader") return { flags: [...flags, "--use-webgpu-adapter=swiftshader"] };
  throw new UnrollError(
    "argument",
    `--adapter ${adapter}: known are ${POWER.join(", ")}${runtime === "chrome" ? ", swiftshader" : ""}${runtime === "node" ? ", or a part of the adapter's name" : ""}`,
  );
}
