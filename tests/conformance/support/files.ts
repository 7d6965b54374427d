import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { readTar } from "./tar.ts";

export type SourceName = "torch" | "webnn" | "onnx" | "onnx-recurrent";

/** The files of one source of conformance data, in memory: see ../data/README.md. */
export class SourceFiles {
  readonly #files: ReadonlyMap<string, Uint8Array>;

  /** Fails, rather than skips, where the data are missing. */
  constructor(source: SourceName) {
    const archive = fileURLToPath(new URL(`../data/${source}/files.tar.gz`, import.meta.url));
    if (!existsSync(archive))
      throw new Error(`the conformance data are missing: there is no ${archive}. The tests need them; they are never skipped.`);
    this.#files = readTar(new Uint8Array(gunzipSync(readFileSync(archive))));
  }

  /** All paths below `folder` ("" for all) whose names end with `suffix`, sorted. */
  below(folder: string, suffix: string): string[] {
    const start = folder === "" ? "" : `${folder}/`;
    return [...this.#files.keys()].filter((path) => path.startsWith(start) && path.endsWith(suffix)).sort();
  }

  /** A copy, so that what is decoded can be views of it. */
  bytes(path: string): Uint8Array {
    const bytes = this.#files.get(path);
    if (!bytes) throw new Error(`the conformance data have no file ${path}`);
    return Uint8Array.from(bytes);
  }

  json<T>(path: string): T {
    return JSON.parse(new TextDecoder().decode(this.bytes(path))) as T;
  }
}
