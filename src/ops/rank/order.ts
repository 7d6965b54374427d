/**
 * Whether value `a` comes strictly before `b`: it is larger (or smaller), or NaN where b is none. As in shaders/lib/order: −0 and 0 are
 * equal, and so are all NaN.
 */
export const comesBefore = (a: number, b: number, smallest = false): boolean =>
  Number.isNaN(a) ? !Number.isNaN(b) : smallest ? a < b : a > b;
