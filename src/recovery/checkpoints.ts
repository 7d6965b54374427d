import { check, describe, UnrollError } from "../errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../io/safetensors/index.ts";
import type { NamedArrays } from "../program/store.ts";

/** The state of training at one moment. */
export interface Checkpoint {
  /** What `trainer.save` returned. */
  readonly arrays: NamedArrays;
  /** The adapter that computed it, as `formatAdapter` names it: another one gives other bits. */
  readonly adapter: string;
}

/**
 * Where the last checkpoint is kept. `save` must replace the old checkpoint as a whole or not at
 * all: the device can be lost, and the page closed, at any moment.
 */
export interface CheckpointStore {
  save(checkpoint: Checkpoint): Promise<void>;
  /** The last checkpoint, or undefined where there is none yet. */
  load(): Promise<Checkpoint | undefined>;
  /** Forgets the checkpoint. */
  clear(): Promise<void>;
}

/** Keeps the last checkpoint in memory. It survives the loss of the device, but not the page. */
export function memoryCheckpoints(): CheckpointStore {
  let last: Checkpoint | undefined;
  return {
    save: async (checkpoint) => {
      last = checkpoint;
    },
    load: async () => last,
    clear: async () => {
      last = undefined;
    },
  };
}

const DATABASE = "unroll-checkpoints";
const TABLE = "checkpoints";

/**
 * Keeps the last checkpoint in the browser's IndexedDB, where it survives the page. Works in
 * workers too.
 * @param name of the checkpoint: one for each network of the site.
 * @throws UnrollError `missing` where there is no IndexedDB.
 */
export function indexedDbCheckpoints(name: string): CheckpointStore {
  check(
    typeof name === "string" && name.length > 0,
    "argument",
    () => `indexedDbCheckpoints: name must be a string that is not empty, not ${describe(name)}`,
  );
  check(typeof indexedDB !== "undefined", "missing", "indexedDbCheckpoints: there is no IndexedDB here; use fileCheckpoints");
  return {
    save: async (checkpoint) => {
      await inTable("readwrite", (table) => table.put(checkpoint, name));
    },
    load: async () => (await inTable("readonly", (table) => table.get(name))) as Checkpoint | undefined,
    clear: async () => {
      await inTable("readwrite", (table) => table.delete(name));
    },
  };
}

/** Does one thing in a transaction, and waits until it is on disk. */
async function inTable(mode: IDBTransactionMode, work: (table: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error(`the database "${DATABASE}" is open in an old version`));
  });
  try {
    const transaction = database.transaction(TABLE, mode);
    const request = work(transaction.objectStore(TABLE));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? request.error);
    });
    return request.result;
  } finally {
    database.close();
  }
}

const ADAPTER = "adapter";

/** What Node's file functions look like; taken from the process, so that no bundler meets an import of them. */
interface NodeFiles {
  readFile(path: string): Promise<Uint8Array>;
  writeFile(path: string, data: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: boolean }): Promise<void>;
}

/**
 * Keeps the last checkpoint in a safetensors file.
 * @param file a path in Node or Deno; in a browser a `FileSystemFileHandle`, of the origin's private
 *   file system or of a file that the user picked.
 * @throws UnrollError `argument`; `missing` where paths mean nothing; `format` from `load` when the
 *   file holds something else.
 */
export function fileCheckpoints(file: string | FileSystemFileHandle): CheckpointStore {
  const { read, write, clear } = typeof file === "string" ? pathFile(file) : handleFile(file);
  return {
    save: ({ arrays, adapter }) => write(encodeSafetensors(arrays, { [ADAPTER]: adapter })),
    load: async () => {
      const bytes = await read();
      if (!bytes || bytes.length === 0) return undefined;
      const { arrays, metadata } = decodeSafetensors(bytes, { convert: true });
      return { arrays, adapter: metadata[ADAPTER] ?? "" };
    },
    clear,
  };
}

interface BytesFile {
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): Promise<void>;
  clear(): Promise<void>;
}

function pathFile(path: string): BytesFile {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const files = process?.getBuiltinModule?.("node:fs/promises") as NodeFiles | undefined;
  if (!files) throw new UnrollError("missing", "fileCheckpoints: a path means nothing here; give a FileSystemFileHandle");
  return {
    read: () =>
      files.readFile(path).catch((error: { readonly code?: string }) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      }),
    // A process that ends while it writes leaves the old checkpoint.
    write: async (bytes) => {
      await files.writeFile(`${path}.new`, bytes);
      await files.rename(`${path}.new`, path);
    },
    clear: () => files.rm(path, { force: true }),
  };
}

function handleFile(handle: FileSystemFileHandle): BytesFile {
  check(
    typeof handle?.getFile === "function" && typeof handle.createWritable === "function",
    "argument",
    () => `fileCheckpoints: give a path or a FileSystemFileHandle, not ${describe(handle)}`,
  );
  const write = async (bytes: Uint8Array): Promise<void> => {
    // The file changes when the stream is closed, all at once.
    const stream = await handle.createWritable();
    await stream.write(bytes as Uint8Array<ArrayBuffer>);
    await stream.close();
  };
  return {
    read: async () => new Uint8Array(await (await handle.getFile()).arrayBuffer()),
    write,
    clear: () => write(new Uint8Array()),
  };
}
