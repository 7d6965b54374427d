/*
 * Code that only some calls or some devices need: plans of variants with their WGSL. Here all of it is there from the start; the lean package
 * loads it when a program that needs it is compiled. For that on-demand.lean.ts stands in for this file, and `onDemand(f)` becomes
 * `onDemand(() => import(…))`.
 */

/** The function itself. Where it may be missing, only plans call it. */
export const onDemand = <F extends (...args: never[]) => unknown>(code: F): F => code;

/** What `plan` gives, or `otherwise` where its code is still missing. */
export const attempt = <R>(plan: () => R, _otherwise: R): R => plan();

/** What `plan` gives when nothing is missing any more; it may be called more than once. */
export const complete = async <R>(plan: () => R): Promise<R> => plan();
