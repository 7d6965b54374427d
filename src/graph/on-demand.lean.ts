import { UnrollError } from "../errors.ts";

/** As in on-demand.ts, for which this file stands in the lean package. It is taken as it is. */

const MISSING = /* @__PURE__ */ Symbol();

/** What was missed since it was last awaited. */
const loading: Promise<unknown>[] = [];

export function onDemand<F extends (...args: never[]) => unknown>(load: () => Promise<F>): F {
  let code: F | undefined;
  return ((...args) => {
    if (code) return code(...args);
    // What a bundler puts around import() may throw at once where there is no document.
    const loaded = new Promise<F>((resolve) => resolve(load()));
    loading.push(
      loaded.then((found) => {
        code = found;
      }),
    );
    throw MISSING;
  }) as F;
}

/** Goes on without a plan that is missing, so that all that a program needs is loaded at once. */
export function attempt<R>(plan: () => R, otherwise: R): R {
  try {
    return plan();
  } catch (reason) {
    if (reason !== MISSING) throw reason;
    return otherwise;
  }
}

export async function complete<R>(plan: () => R): Promise<R> {
  for (;;) {
    const result = plan();
    if (loading.length === 0) return result;
    await Promise.all(loading.splice(0)).catch((cause: unknown) => {
      const cure = "where import() is forbidden, as in service workers, import from unroll-gpu/lean/static";
      throw new UnrollError("missing", `compile: a part of unroll-gpu/lean could not be loaded; ${cure}`, { cause });
    });
  }
}
