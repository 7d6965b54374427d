import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { UnrollError } from "../../errors.ts";

export interface PageServer {
  /** An empty page on localhost: a secure context, which WebGPU needs. */
  readonly url: string;
  /** Where the page imports the tasks from. */
  readonly module: string;
  close(): Promise<void>;
}

/** The headers of an isolated page, whose clock is fine enough for timing. */
export const isolationHeaders = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
} as const;

export const blankPage = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Unroll</title>';

/**
 * Serves an empty page and the bundle of src/cli/tasks.ts, which the build puts beside the modules.
 * @param further scripts by path: "/name.js".
 */
export async function servePage(further: Readonly<Record<string, string>> = {}): Promise<PageServer> {
  const scripts = new Map<string | undefined, string | Buffer>([...Object.entries(further), ["/tasks.js", await readFile(findBundle())]]);
  const server = createServer((request, response) => {
    const script = scripts.get(request.url);
    response.writeHead(200, { ...isolationHeaders, "Content-Type": script === undefined ? "text/html" : "text/javascript" });
    response.end(script ?? blankPage);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(new UnrollError("missing", `no page can be served on 127.0.0.1: ${cause.message}`, { cause })));
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    module: "/tasks.js",
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * The file of that bundle: `page/tasks.js` in the folder of the build, or in `dist` when this runs from the sources.
 * @throws UnrollError `missing` before the build.
 */
export function findBundle(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder))
    for (const bundle of [join(folder, "page", "tasks.js"), join(folder, "dist", "page", "tasks.js")])
      if (existsSync(bundle)) return bundle;
  throw new UnrollError("missing", "the page script dist/page/tasks.js is not there: run npm run build");
}
