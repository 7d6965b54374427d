import { check } from "../../errors.ts";
import type { DeviceTraits, Op, Variant } from "../../graph/op.ts";
import type { Node } from "../../graph/tensor.ts";
import { formatType } from "../../graph/types.ts";
import { preferred } from "../../graph/variant.ts";

/** Forces variants in tests: op name → variant name. */
export type VariantChoice = Readonly<Record<string, string>>;

/** The allowed variant of the highest preference; the first listed wins a tie. */
export function chooseVariant(node: Node, traits: DeviceTraits, forced: VariantChoice = {}): Variant {
  const op = node.op as Op;
  const allowed = op.kernels.filter((variant) => variant.allowed(node, traits));
  check(
    allowed.length > 0,
    "limit",
    () =>
      `${op.name}: no kernel of this op can compute ${node.inputs.map(formatType).join(", ")} → ${node.outputs.map(formatType).join(", ")} on this device`,
  );
  const name = forced[op.name];
  if (name) {
    const variant = allowed.find((candidate) => candidate.name === name);
    check(
      variant,
      "argument",
      () => `${op.name}: the variant "${name}" is not allowed here; allowed: ${allowed.map((v) => v.name).join(", ")}`,
    );
    return variant;
  }
  return preferred(allowed, node, traits);
}
