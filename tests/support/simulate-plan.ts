import { expect } from "vitest";
import type { Operand } from "../../src/graph/op.ts";
import { byteLength } from "../../src/graph/types.ts";
import type { Tensor, Variable } from "../../src/index.ts";
import { evaluate, evaluateNode } from "../../src/program/evaluate.ts";
import type { Place, Plan } from "../../src/program/plan/plan.ts";
import type { normalize } from "../../src/program/spec.ts";

type Spec = ReturnType<typeof normalize>;

const keyOf = (place: Place): string =>
  place.kind === "slot" ? `slot ${place.slot}` : place.kind === "gradient" ? `gradient ${place.variable.name}` : "leaf";
/** What WebGPU sees as one buffer: all gradients lie in one. */
const bufferOf = (place: Place, leaves: Tensor[]): string => {
  if (place.kind === "slot") return `slot ${place.slot}`;
  if (place.kind === "gradient") return "gradients";
  if (place.tensor.source.kind === "variable") return "variables";
  if (!leaves.includes(place.tensor)) leaves.push(place.tensor);
  return `leaf ${leaves.indexOf(place.tensor)}`;
};

/** Runs a plan with the references in memory that really is shared, and compares with the graph as it was written. */
export function simulate(spec: Spec, plan: Plan, feeds: Map<Tensor, ArrayLike<number>>): void {
  const memory = new Map<string, { tensor: Tensor | undefined; values: Float64Array }>();
  const leaves: Tensor[] = [];
  const load = (tensor: Tensor): Float64Array => {
    const place = plan.placeOf(tensor);
    if (place.kind === "leaf") {
      expect(place.tensor.source.kind).not.toBe("node");
      return evaluate([place.tensor], feeds)[0];
    }
    const held = memory.get(keyOf(place));
    expect(held?.tensor, `${keyOf(place)} holds another value`).toBe(plan.valueOf(tensor));
    return (held as { values: Float64Array }).values;
  };
  const store = (place: Place, tensor: Tensor | undefined, values: Float64Array) => {
    expect(place.kind).not.toBe("leaf");
    memory.set(keyOf(place), { tensor, values });
  };
  for (const { node, lowering, temporaries, inPlace } of plan.nodes) {
    const name = node.op.name;
    const outputs = evaluateNode(node, node.inputs.map(load));
    const placeOf = (operand: Operand): Place =>
      "input" in operand
        ? plan.placeOf(node.inputs[operand.input])
        : "output" in operand
          ? plan.placeOf(node.outputs[operand.output])
          : temporaries[operand.temporary];
    for (const { kernel, bindings } of lowering.dispatches) {
      const read = new Set<string>();
      const written: string[] = [];
      for (const [binding, { access }] of Object.entries(kernel.bindings)) {
        const operand = bindings[binding];
        const buffer = bufferOf(placeOf(operand), leaves);
        if (access === "read") read.add(buffer);
        else {
          expect("input" in operand, `${name}: writes into an input`).toBe(false);
          written.push(keyOf(placeOf(operand)));
          expect(read.has(buffer), `${name}: ${buffer} is read and written`).toBe(false);
        }
      }
      for (const operand of Object.values(bindings)) {
        const place = placeOf(operand);
        const key = keyOf(place);
        if (written.includes(key))
          expect(Object.values(bindings).filter((other) => keyOf(placeOf(other)) === key).length, `${name}: ${key} is bound twice`).toBe(1);
        const bytes =
          "temporary" in operand
            ? byteLength((lowering.temporaries ?? [])[operand.temporary])
            : byteLength("input" in operand ? node.inputs[operand.input] : node.outputs[operand.output]);
        if (place.kind === "slot") expect(plan.slots[place.slot]).toBeGreaterThanOrEqual(bytes);
      }
      const reads = Object.entries(kernel.bindings).filter(([, { access }]) => access === "read");
      for (const [binding] of reads) {
        const buffer = bufferOf(placeOf(bindings[binding]), leaves);
        const writes = Object.entries(kernel.bindings).filter(([, { access }]) => access !== "read");
        for (const [other] of writes)
          expect(bufferOf(placeOf(bindings[other]), leaves), `${name}: ${buffer} is read and written`).not.toBe(buffer);
      }
    }
    const places = [...node.outputs.map((output) => keyOf(plan.placeOf(output))), ...temporaries.map(keyOf)];
    expect(new Set(places).size, `${name}: outputs and temporaries share memory`).toBe(places.length);
    if (inPlace === undefined)
      for (const input of node.inputs) expect(places.includes(keyOf(plan.placeOf(input))), `${name}: overwrites an input`).toBe(false);
    for (const place of temporaries) store(place, undefined, new Float64Array(0));
    node.outputs.forEach((output, i) => {
      store(plan.placeOf(output), output, outputs[i]);
    });
  }
  const wanted = new Set<Tensor>(Object.values(spec.outputs).filter((tensor) => tensor.source.kind !== "norm"));
  for (const update of spec.updates) {
    if (update.kind === "assign") wanted.add(update.value);
    else {
      wanted.add(update.gradients.loss);
      if (typeof update.optimizer.learningRate !== "number") wanted.add(update.optimizer.learningRate);
    }
  }
  const all = [...wanted];
  const expected = evaluate(all, feeds);
  const close = (actual: Float64Array, i: readonly number[] | Float64Array, what: string) => {
    expect(actual.length).toBe(i.length);
    actual.forEach((value, k) => {
      expect(Math.abs(value - i[k]), what).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(i[k])));
    });
  };
  all.forEach((tensor, i) => {
    close(load(tensor), expected[i], "output");
  });
  // The gradient of each variable stands where its update reads it.
  for (const update of spec.updates) {
    if (update.kind !== "optimize") continue;
    const values = evaluate(update.gradients.tensors as readonly Tensor[], feeds);
    update.gradients.wrt.forEach((variable, i) => {
      const held = memory.get(`gradient ${(variable as Variable).name}`);
      close(held?.values ?? new Float64Array(0), values[i], "gradient");
    });
  }
}
