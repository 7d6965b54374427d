/** As in on-demand.ts, for which this file stands in the lean package. It is taken as it is. */

const MISSING = /* @__PURE__ */ Symbol();

/** What was missed since it was last awaited. */
const loading: Promise<unknown>[] = [];

export function onDemand<A extends readonly unknown[], R>(load: () => Promise<(...args: A) => R>): (...args: A) => R {
  let code: ((...args: A) => R) | undefined;
  return (...args) => {
    if (code) return code(...args);
    loading.push(
      load().then((loaded) => {
        code = loaded;
      }),
    );
    throw MISSING;
  };
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
    await Promise.all(loading.splice(0));
  }
}
