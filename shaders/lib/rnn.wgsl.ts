/** What a walk does with a finished sum; shared by its kernels. */
export interface WalkFunction {
  readonly backward: boolean;
  /** WGSL functions that the expression needs. */
  readonly library: string;
  /** Forward: f, over `x`. Backward: f′, over `y` = f(x). */
  readonly expression: string;
}

/** `step_value(x)` = f(x) forward, `step_value(x, y)` = x·f′(y) backward. */
export const walkFunction = ({ backward, library, expression }: WalkFunction): string =>
  backward
    ? `${library}
fn step_value(x: f32, y: f32) -> f32 {
  return x * (${expression});
}`
    : `${library}
fn step_value(x: f32) -> f32 {
  return ${expression};
}`;
