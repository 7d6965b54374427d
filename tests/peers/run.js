// node tests/peers/run.js [--only PATTERN] [--rounds N] [--quick] [--json FILE] [--browser PATH]: runs suite.ts, as Node 20 reads no
// TypeScript.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createServer } from "vite";

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
  });
  const command = ["node", "tests/peers/run.js", ...process.argv.slice(2)].join(" ");
  if (values.json) await writeFile(values.json, JSON.stringify({ schema: BENCH_SCHEMA, date, command, ...report }, null, 1));
} finally {
  await vite.close();
}
