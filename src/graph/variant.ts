import type { Call, DeviceTraits, Lowering, Operand, Variant } from "./op.ts";

/** Of variants that are all allowed, the one of the highest preference; the first listed wins a tie. */
export function preferred<A>(variants: readonly Variant<A>[], call: Call<A>, device: DeviceTraits): Variant<A> {
  const score = (variant: Variant<A>) => variant.preference?.(call, device) ?? 0;
  return variants.reduce((best, next) => (score(next) > score(best) ? next : best));
}

/** The same dispatches with other operands. */
export const rebound = ({ dispatches }: Lowering, change: (operand: Operand) => Operand): Lowering["dispatches"] =>
  dispatches.map((dispatch) => ({
    ...dispatch,
    bindings: Object.fromEntries(Object.entries(dispatch.bindings).map(([name, operand]) => [name, change(operand)])),
  }));
