import { describe, expect, test } from "vitest";
import {
  adam,
  add,
  assign,
  clipNorm,
  constant,
  type F32,
  gradient,
  input,
  matmul,
  meanSquaredError,
  mul,
  reshape,
  rnn,
  sgd,
  sum,
  tanh,
  variable,
} from "../../src/index.ts";
import { assignSlots, type Lifetime, lowerBound } from "../../src/program/plan/slots.ts";
import { Dice } from "../support/random-graph.ts";
import { prove, randomPlanTests } from "./sweeps/plan.ts";

randomPlanTests(1, 60);

describe("slots", () => {
  /** The least bytes of any assignment, by trying all. */
  function least(lifetimes: readonly Lifetime[]): number {
    const order = lifetimes.toSorted((a, b) => b.bytes - a.bytes);
    const slots: Lifetime[][] = [];
    let best = Number.POSITIVE_INFINITY;
    const place = (k: number, total: number): void => {
      if (total >= best) return;
      if (k === order.length) {
        best = total;
        return;
      }
      for (const slot of slots) {
        if (slot.some((other) => other.from <= order[k].to && order[k].from <= other.to)) continue;
        slot.push(order[k]);
        place(k + 1, total);
        slot.pop();
      }
      slots.push([order[k]]);
      place(k + 1, total + order[k].bytes);
      slots.pop();
    };
    place(0, 0);
    return best;
  }

  test("are close to the best that one buffer for each value allows", () => {
    const dice = new Dice(5);
    let sum = 0;
    for (let k = 0; k < 200; k++) {
      const lifetimes = Array.from({ length: 3 + dice.below(7) }, (_, from) => ({
        bytes: 16 * (1 + dice.below(20)),
        from,
        to: from + 1 + dice.below(4),
      }));
      const { total, slotOf, slots } = assignSlots(lifetimes);
      lifetimes.forEach((a, i) => {
        expect(slots[slotOf[i]]).toBeGreaterThanOrEqual(a.bytes);
        lifetimes.forEach((b, j) => {
          if (i < j && a.from <= b.to && b.from <= a.to) expect(slotOf[i]).not.toBe(slotOf[j]);
        });
      });
      const best = least(lifetimes);
      expect(best).toBeGreaterThanOrEqual(lowerBound(lifetimes));
      expect(total / best).toBeLessThanOrEqual(1.25);
      sum += total / best;
    }
    expect(sum / 200).toBeLessThan(1.02);
  });
});

describe("networks", () => {
  /** A stack of layers with its gradients. */
  const network = (sizes: readonly number[], batch: number) => {
    const x = input([batch, sizes[0]]);
    const target = input([batch, sizes[sizes.length - 1]]);
    const weights = sizes.slice(1).map((n, i) => variable(`W${i}`, [sizes[i], n]));
    const biases = sizes.slice(1).map((n, i) => variable(`b${i}`, [n]));
    const y = weights.reduce<F32<readonly [number, number]>>((h, W, i) => tanh(add(matmul(h, W), biases[i])), x);
    const loss = meanSquaredError(y, target);
    const gradients = gradient(loss, [...weights, ...biases]);
    return { inputs: { x, target }, outputs: { loss }, updates: adam({ learningRate: 0.01 })(gradients) };
  };
  const recurrent = (layers: number, T: number, B: number, H: number) => {
    const x = input([T, B, H]);
    const target = input([T, B, 3]);
    const weights = Array.from({ length: layers }, (_, i) => ({
      U: variable(`U${i}`, [H, H]),
      W: variable(`W${i}`, [H, H]),
      b: variable(`b${i}`, [H]),
    }));
    const V = variable("V", [H, 3]);
    const h = weights.reduce<F32<readonly [number, number, number]>>((sequence, cell) => rnn(sequence, cell).sequence, x);
    const loss = meanSquaredError(matmul(h, V), target);
    const gradients = gradient(loss, [...weights.flatMap(({ U, W, b }) => [U, W, b]), V]);
    return { inputs: { x, target }, outputs: { loss }, updates: sgd({ learningRate: 0.1 })(clipNorm(gradients, 1)) };
  };
  for (const [name, spec] of [
    ["deep", () => network([8, 16, 16, 16, 16, 16, 16, 4], 32)],
    ["a funnel", () => network([256, 128, 64, 32, 16, 8], 16)],
    ["an hourglass", () => network([128, 64, 8, 64, 128], 20)],
    ["one RNN", () => recurrent(1, 33, 4, 16)],
    ["three RNNs", () => recurrent(3, 17, 4, 32)],
    ["short and wide", () => recurrent(2, 3, 2, 64)],
  ] as const)
    test(`${name}: at most 1.2 × the bound`, () => {
      const { peakBytes, lifetimes } = prove(spec());
      const boundBytes = lowerBound(lifetimes);
      expect(boundBytes).toBeGreaterThan(0);
      expect(peakBytes / boundBytes).toBeLessThanOrEqual(1.2);
    });
});

describe("cases", () => {
  const x = input([3]);
  const y = input([3]);

  test("two products that are added: one takes the other over, not both", () => {
    const a = variable("a", [3, 4]);
    const b = variable("b", [3, 4]);
    prove({ inputs: { x, y }, outputs: { z: add(matmul(x, a), matmul(y, b)) } });
  });

  test("one gradient of two variables, which is also assigned", () => {
    const a = variable("a", [3]);
    const b = variable("b", [3]);
    const seen = variable("seen", [3]);
    const loss = sum(tanh(mul(add(a, b), x)));
    const gradients = gradient(loss, [a, b]);
    const later = tanh(add(mul(gradients.tensors[0], 2), y));
    const again = variable("again", [3]);
    prove({
      inputs: { x, y },
      updates: [sgd({ learningRate: 0.1 })(gradients), assign(seen, gradients.tensors[0]), assign(again, later)],
    });
  });

  test("leaves and views of them as outputs", () => {
    const a = variable("a", [3]);
    const c = constant([1, 2, 3], [3]);
    prove({ inputs: { x }, outputs: { x, a, c, view: reshape(x, [1, 3]), va: reshape(a, [3, 1]), vc: reshape(c, [1, 3]), twice: x } });
    prove({ inputs: { x }, outputs: { a, va: reshape(a, [3, 1]) }, updates: assign(a, x) });
  });

  test("variables that swap their values", () => {
    const a = variable("a", [3]);
    const b = variable("b", [3]);
    prove({ inputs: {}, updates: [assign(a, b), assign(b, a)] });
  });
});
