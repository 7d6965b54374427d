import { expect, test } from "vitest";
import type { DeviceTraits } from "../../src/graph/op.ts";
import { add, gradient, input, mul, sgd, square, sum, variable } from "../../src/index.ts";
import { makePlan } from "../../src/program/plan/plan.ts";

const traits: DeviceTraits = {
  software: true,
  f16: false,
  maxWorkgroupStorage: 16384,
  maxInvocations: 256,
  maxWorkgroupSizeX: 256,
  maxStorageBuffers: 8,
  maxBindingBytes: 2 ** 27,
  walkFlops: 1e9,
};

// All gradients lie in one buffer, and WebGPU forbids one buffer as read and written in a dispatch. PyTorch's two biases are added,
// so both have one gradient.
test("a gradient that several variables share is copied to each from outside the buffer of gradients", () => {
  const [a, b] = ["a", "b"].map((name) => variable(name, [5]));
  const x = input([5]);
  const loss = sum(square(mul(add(a, b), x)));
  const plan = makePlan({ inputs: { x }, outputs: {}, updates: [sgd({ learningRate: 1 })(gradient(loss, [a, b]))] }, traits);
  const written = new Set<string>();
  for (const { node } of plan.nodes) {
    const places = node.outputs.map(plan.placeOf);
    if (!places.some(({ kind }) => kind === "gradient")) continue;
    for (const place of places) if (place.kind === "gradient") written.add(place.variable.name);
    expect(node.inputs.map((t) => plan.placeOf(t).kind)).not.toContain("gradient");
  }
  expect([...written].sort()).toEqual(["a", "b"]);
});
