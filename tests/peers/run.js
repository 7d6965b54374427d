// node tests/peers/run.js [--rounds N] …: runs compare.ts, as Node 20 reads no TypeScript.
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

const vite = await createServer({
  configFile: false,
  root: fileURLToPath(new URL("../..", import.meta.url)),
  appType: "custom",
  logLevel: "error",
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true, include: [] },
});
try {
  const { compare } = await vite.ssrLoadModule("/tests/peers/compare.ts");
  await compare(process.argv.slice(2));
} finally {
  await vite.close();
}
