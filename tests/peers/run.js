// node tests/peers/run.js [--only PATTERN] [--rounds N] [--quick] [--json FILE] [--browser PATH]: installs the
// libraries where they are not there, and runs suite.ts, as Node 20 reads no TypeScript.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createServer } from "vite";
import { install } from "./install.js";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string" },
    quick: { type: "boolean" },
    json: { type: "string" },
    browser: { type: "string" },
    "browser-flag": { type: "string", multiple: true },
  },
});
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) throw new Error("--rounds takes a whole number of at least 1");

// Ctrl-C ends the run after the row; twice: at once. Under `unroll bench` it is that which hears it, and says so; should that be killed,
// this ends, too, and the browser with it.
const stop = new AbortController();
const INTERRUPTED = 130;
const end = () => {
  if (stop.signal.aborted) process.exit(INTERRUPTED);
  console.log("interrupted: what is being measured is the last");
  stop.abort();
};
if (process.send) {
  process.on("message", end);
  process.once("disconnect", () => process.exit(INTERRUPTED));
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, process.send ? () => {} : end);

try {
  await install();
} catch (error) {
  // `unroll bench` makes one error of it
  if (process.send) await new Promise((resolve) => process.send({ missing: error.message }, resolve));
  else console.error(error.message);
  process.exit(1);
}

const vite = await createServer({
  configFile: false,
  root: fileURLToPath(new URL("../..", import.meta.url)),
  appType: "custom",
  logLevel: "error",
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true, include: [] },
});
try {
  const date = new Date().toISOString();
  const { runPeers } = await vite.ssrLoadModule("/tests/peers/suite.ts");
  const { BENCH_SCHEMA } = await vite.ssrLoadModule("/src/bench/schema.ts");
  const report = await runPeers({
    ...values,
    rounds,
    flags: values["browser-flag"] ?? [],
    log: (line) => console.log(line),
    signal: stop.signal,
  });
  const command = ["node", "tests/peers/run.js", ...process.argv.slice(2)].join(" ");
  if (values.json) await writeFile(values.json, JSON.stringify({ schema: BENCH_SCHEMA, date, command, ...report }, null, 1));
} finally {
  await vite.close();
  process.removeAllListeners("disconnect");
  process.disconnect?.();
}
if (stop.signal.aborted) process.exitCode = INTERRUPTED;
