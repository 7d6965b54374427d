import { parseArgs } from "node:util";
import type { SpeedReport } from "../bench/speed.ts";
import { UnrollError } from "../errors.ts";
import { formatAdapter } from "../gpu/device.ts";
import { unfit } from "../patterns.ts";
import { formatCoverage, formatFailure } from "../verify/format.ts";
import type { VerifyReport } from "../verify/schema.ts";
import { benchCommand } from "./bench/command.ts";
import { exportCommand } from "./export.ts";
import { checkWritable, keep } from "./output.ts";
import { launch, type Runtime } from "./runtime/runtime.ts";
import type { Info } from "./tasks.ts";
import { ownVersion } from "./version.ts";

const HELP = `unroll: what the GPU here can do, and whether Unroll computes right on it, and how fast

  unroll info                adapter, features, limits
  unroll verify              every op and every kernel variant, forward and gradient, against the reference; optimizers, clipping and
                             the flag of what is not finite; state that is carried; exported programs; images in and out
  unroll bench [WHAT …]      time kernels, layers, models and cold starts beside what the device can do. WHAT: a suite (start, kernels,
                             layers, models, peers), a part of a row's name (* for anything), or a file with kernels of your own
  unroll export SCRIPT       write what SCRIPT exports by exportTrainer or exportProgram as JSON, for loadTrainer or loadProgram

  --runtime NAME             where to run: chrome (default) or firefox, headless; node, with Dawn; deno
  --browser PATH             the program of that runtime; for chrome also one of: installed, puppeteer, bundled
  --json FILE                also write the result as JSON (for bench by the schema unroll-gpu/bench.schema.json)
  --help                     this text
  --timeout SECONDS          how long the runtime may say nothing while it works (default 300), and at most 60 s of it to start; 0: for ever
  --version                  the version of this package

  ends with 0 when all is well, 1 when something is wrong, missing or slower, 2 when the call makes no sense, and
  130, 143 or 129 when SIGINT, SIGTERM or SIGHUP ended it; then, too, it leaves no process and no folder

  verify
  --only NAME                only what has NAME in its name (* for anything; may be given more than once)
  --speed                    also measure: FMA peak, copy, matmul, the recurrent walks, convolution, pooling, training steps

  bench
  --quick                    fewer rows and samples, in less than a minute
  --html FILE                also write the result as a page
  --compare OLD.json         row by row beside an earlier result; ends with 1 where something became slower
  --threshold SHARE          what counts as slower: 0.1 (default) is 10 %, all of the bootstrap interval beyond it
  --adapter NAME             low-power, high-performance; for chrome swiftshader; for node a part of the adapter's name
  --browser-flag FLAG        a further flag for the browser, as in --browser-flag=--disable-gpu (may be given more than once)

  export
  --out FILE                 where to write; beside the script, as .json, unless given

chrome is looked for in this order: --browser, PUPPETEER_EXECUTABLE_PATH, CHROME_PATH, an installed Chrome or Chromium,
puppeteer's own download, the one inside @sparticuz/chromium.
firefox: --browser, FIREFOX_PATH, an installed one, puppeteer's own download. deno: --browser, DENO_PATH, an installed one.`;

const SEE_HELP = "unroll --help tells what there is";

const options = {
  runtime: { type: "string", default: "chrome" },
  browser: { type: "string" },
  "browser-flag": { type: "string", multiple: true },
  adapter: { type: "string" },
  only: { type: "string", multiple: true },
  speed: { type: "boolean" },
  json: { type: "string" },
  html: { type: "string" },
  compare: { type: "string" },
  threshold: { type: "string" },
  quick: { type: "boolean" },
  out: { type: "string" },
  timeout: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

type Values = ReturnType<typeof parse>["values"];
type Command = (runtime: Runtime, values: Values) => Promise<boolean>;

const commands: Readonly<Record<string, Command>> = { info: infoCommand, verify: verifyCommand };

const parse = (args: string[]) => parseArgs({ args, options, allowPositionals: true });

/** Runs the command line. Resolves to the exit code: see the help. */
export async function main(args: string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    console.error(`unroll: ${messageOf(error)}\n${SEE_HELP}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.version) {
    console.log(await ownVersion());
    return 0;
  }
  if (values.help || positionals.length === 0) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const [name, ...words] = positionals;
  if (name === "verify" && values.only) {
    const unfitting = unfit("nothing", values.only, await namesOfProofs());
    if (unfitting) {
      console.error(`unroll verify: ${unfitting}`);
      return 2;
    }
  }
  if (name !== "bench" && name !== "export" && (words.length > 0 || !Object.hasOwn(commands, name))) {
    console.error(`unroll: there is no command "${positionals.join(" ")}"\n${SEE_HELP}`);
    return 2;
  }
  try {
    checkTimeout(values.timeout);
    if (name === "bench") return await benchCommand(words, values);
    if (name === "export") return await exportCommand(words, values);
    return (await runCommand(commands[name], values)) ? 0 : 1;
  } catch (error) {
    console.error(`unroll ${name}: ${error instanceof UnrollError ? error.message : error instanceof Error ? error.stack : String(error)}`);
    return error instanceof UnrollError && error.code === "argument" ? 2 : 1;
  }
}

async function runCommand(command: Command, values: Values): Promise<boolean> {
  const { browser, json, timeout } = values;
  if (json !== undefined) await checkWritable("--json", json);
  const seconds = timeout === undefined ? undefined : Number(timeout);
  const runtime = await launch(values.runtime, { browser, timeout: seconds, log: (line) => console.log(line) });
  console.log(`runtime: ${runtime.name}, ${runtime.choice}`);
  try {
    return await command(runtime, values);
  } finally {
    await runtime.close();
  }
}

/** First of all, while nothing is compiled: how long that takes is one of the figures. */
const measure = async (runtime: Runtime, values: Values): Promise<SpeedReport | undefined> =>
  values.speed ? await runtime.call("speed", {}) : undefined;

async function infoCommand(runtime: Runtime, values: Values): Promise<boolean> {
  const { json } = values;
  const speed = await measure(runtime, values);
  const info: Info = await runtime.call("info", {});
  console.log(`adapter: ${formatAdapter(info.adapter)}`);
  console.log(`features: ${info.features.join(", ") || "none"}`);
  console.log(`WGSL: ${info.languageFeatures.join(", ") || "no extensions"}`);
  console.log("limits:");
  for (const [name, value] of Object.entries(info.limits)) console.log(`  ${name.padEnd(44)} ${value.toLocaleString("en")}`);
  const report = { schema: "unroll-info/1", runtime: { name: runtime.name, choice: runtime.choice }, ...info, speed };
  return !json || (await writeJson(json, report));
}

async function verifyCommand(runtime: Runtime, values: Values): Promise<boolean> {
  const { json, only } = values;
  const speed = await measure(runtime, values);
  const started = performance.now();
  const { adapter, ops, cases, ok } = await runtime.call("verify", { only });
  const failures = cases.filter((report) => !report.ok);
  for (const report of failures.slice(0, 20)) console.log(`\n${formatFailure(report)}`);
  if (failures.length > 20) console.log(`\n… and ${failures.length - 20} more${json ? `, all in ${json}` : ""}`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const bad = ops.filter((summary) => !summary.ok).length;
  console.log(`\n${formatCoverage(ops)}`);
  console.log(`\n${ops.length - bad} of ${ops.length} right in ${cases.length} cases, ${seconds} s${ok ? "" : `; ${bad} WRONG`}`);
  const report: VerifyReport = {
    schema: "unroll-verify/1",
    runtime: { name: runtime.name, choice: runtime.choice },
    adapter,
    ops,
    cases,
    ok,
  };
  const written = !json || (await writeJson(json, { ...report, speed }));
  return written && ok && ops.length > 0;
}

/** Loaded when they are asked for: all ops come with them. */
async function namesOfProofs(): Promise<readonly string[]> {
  const { namesToVerify } = await import("../verify/whole.ts");
  return namesToVerify();
}

const writeJson = (file: string, value: unknown): Promise<boolean> => keep(file, `${JSON.stringify(value, undefined, 1)}\n`);

function checkTimeout(timeout: string | undefined): void {
  const seconds = timeout === undefined ? 0 : Number(timeout.trim() || Number.NaN);
  if (!(seconds >= 0 && seconds < Number.POSITIVE_INFINITY))
    throw new UnrollError("argument", `--timeout must be a number of seconds, such as 600, not "${timeout}"`);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
