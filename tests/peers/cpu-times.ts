import { readdirSync, readFileSync } from "node:fs";

/** Milliseconds of processor time that a browser's processes have taken so far, by their kind. Empty where there is no /proc. */
export function cpuTimes(browser: number | undefined): Record<string, number> {
  const times: Record<string, number> = {};
  if (process.platform !== "linux" || browser === undefined) return times;
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parents = new Map(
    processes.map((id) => [id, attempt(() => readFileSync(`/proc/${id}/stat`, "utf8").split(") ")[1].split(" ")[1])]),
  );
  const belongs = (id: string | undefined): boolean => id !== undefined && (id === String(browser) || belongs(parents.get(id)));
  for (const id of processes.filter(belongs)) {
    const kind = /--type=(gpu-process|renderer)/.exec(attempt(() => readFileSync(`/proc/${id}/cmdline`, "utf8")) ?? "")?.[1] ?? "the rest";
    times[kind] = (times[kind] ?? 0) + taskTimes(id);
  }
  return times;
}

const taskTimes = (id: string): number =>
  (attempt(() => readdirSync(`/proc/${id}/task`)) ?? []).reduce(
    (sum, task) => sum + Number(attempt(() => readFileSync(`/proc/${id}/task/${task}/schedstat`, "utf8").split(" ")[0]) ?? 0) / 1e6,
    0,
  );

/** What a process that ends meanwhile leaves unreadable. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
