import { type ErrorCode, UnrollError } from "../../errors.ts";
import type { TaskName, TaskOptions, TaskResult } from "./runtime.ts";

/** What comes back from where a task ran, as JSON. */
interface Answer<T> {
  readonly result?: T;
  readonly error?: { readonly code?: ErrorCode; readonly message: string };
}

/**
 * A JavaScript expression, a promise of the answer to a task. It is text, because bundlers and test runners rewrite the import of a
 * function.
 * @param module where the bundle of src/cli/tasks.ts is imported from.
 */
export const taskScript = <K extends TaskName>(module: string, task: K, options: TaskOptions<K>): string =>
  `import(${JSON.stringify(module)})
  .then((tasks) => tasks.${task}(navigator.gpu, ${JSON.stringify(options)}))
  .then(
    (result) => ({ result }),
    (error) => ({ error: typeof error?.code === "string" ? { code: error.code, message: error.message } : { message: String(error?.stack || error) } }),
  )
  .then((answer) => JSON.stringify(answer))`;

/** The result. @throws UnrollError what the task threw, with its code; else an Error with the stack there. */
export function readAnswer<K extends TaskName>(json: string): TaskResult<K> {
  const { result, error } = JSON.parse(json) as Answer<TaskResult<K>>;
  if (error?.code) throw new UnrollError(error.code, error.message);
  if (error) throw Object.assign(new Error(error.message), { stack: error.message });
  return result as TaskResult<K>;
}
