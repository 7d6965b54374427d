import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { UnrollError } from "../errors.ts";

/*
 * What must not outlive the command: the processes that it starts, and one folder in which these keep theirs. Whatever ends the command,
 * its end, an error or a signal, ends them.
 */

const PREFIX = "unroll-run-";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type EndSignal = (typeof SIGNALS)[number];

/** The exit code of what a signal ended, as shells have it: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP. */
export const codeOf = (signal: EndSignal): number => 128 + constants.signals[signal];

const enders = new Set<() => void>();
let folder: string | undefined;
let listener: ((signal: EndSignal) => void) | undefined;
let watching = false;

/** Ends all at once. Waits for nothing, as nothing more may run. */
export function endAll(): void {
  for (const end of enders) end();
  enders.clear();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  folder = undefined;
}

function onSignal(signal: EndSignal): void {
  if (listener) listener(signal);
  else process.exit(codeOf(signal)); // which ends all
}

/** From now on there is something to be ended. Without it, a signal ends the command as any other. */
function watch(): void {
  if (watching) return;
  watching = true;
  process.on("exit", endAll);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

/** Takes note of something that `end` ends, without waiting. Returns what takes that back, when it ended by itself. */
export function endLater(end: () => void): () => void {
  watch();
  enders.add(end);
  return () => enders.delete(end);
}

/** Lets a command finish in its own way when a signal comes. Returns what takes that back. */
export function onInterrupt(listen: (signal: EndSignal) => void): () => void {
  watch();
  listener = listen;
  return () => {
    if (listener === listen) listener = undefined;
  };
}

/**
 * The folder of this command for all that is temporary, profiles of browsers among it. It goes with the command.
 * @throws UnrollError `missing` where none can be made.
 */
export function ownFolder(): string {
  if (folder !== undefined) return folder;
  watch();
  const place = tmpdir();
  try {
    removeAbandoned(place);
    folder = mkdtempSync(join(place, `${PREFIX}${process.pid}-`));
    return folder;
  } catch (cause) {
    throw new UnrollError("missing", `no folder for temporary files can be made in ${place} (see TMPDIR): ${reasonOf(cause)}`, { cause });
  }
}

/** A command that was killed could remove nothing: the next one does. */
function removeAbandoned(place: string): void {
  for (const name of readdirSync(place)) {
    const [, id] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (id === undefined || isAlive(Number(id))) continue;
    try {
      rmSync(join(place, name), { recursive: true, force: true });
    } catch {
      // somebody else's
    }
  }
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Ends a process with all that it started, where it leads a group. */
export function killGroup(id: number | undefined): void {
  if (id === undefined) return;
  try {
    process.kill(process.platform === "win32" ? id : -id, "SIGKILL");
  } catch {
    // it has ended
  }
}

/** What went wrong, in one line. */
export function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const lines = message.split("\n").map((line) => line.trim());
  return lines.find((line) => line !== "") ?? "no reason given";
}
