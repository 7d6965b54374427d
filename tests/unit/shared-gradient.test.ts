import { expect, test } from "vitest";
import { add, gradient, input, mul, sgd, square, sum, variable } from "../../src/index.ts";
import { makePlan } from "../../src/program/plan/plan.ts";
import { softwareTraits } from "../support/traits.ts";

// All gradients lie in one buffer, and WebGPU forbids one buffer as read and written in a dispatch. PyTorch's two biases are added,
// so both have one gradient.
test("a gradient that several variables share is copied to each from outside the buffer of gradients", () => {
  const [a, b] = ["a", "b"].map((name) => variable(name, [5]));
  const x = input([5]);
  const loss = sum(square(mul(add(a, b), x)));
  const plan = makePlan({ inputs: { x }, outputs: {}, updates: [sgd({ learningRate: 1 })(gradient(loss, [a, b]))] }, softwareTraits);
  const written = new Set<string>();
  for (const { node } of plan.nodes) {
    const places = node.outputs.map(plan.placeOf);
    if (!places.some(({ kind }) => kind === "gradient")) continue;
    for (const place of places) if (place.kind === "gradient") written.add(place.variable.name);
    expect(node.inputs.map((t) => plan.placeOf(t).kind)).not.toContain("gradient");
  }
  expect([...written].sort()).toEqual(["a", "b"]);
});
