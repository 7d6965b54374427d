import { expect, test } from "vitest";
import { attempt, complete, onDemand } from "../../src/graph/on-demand.lean.ts";
import * as whole from "../../src/graph/on-demand.ts";

/** Code that is loaded when it is first needed, and how often that was. */
function loadable(name: string, failures = 0) {
  const counts = { loads: 0, calls: 0 };
  const call = onDemand(async () => {
    if (++counts.loads <= failures) throw new TypeError("no network");
    return (x: number) => {
      counts.calls++;
      return `${name}${x}`;
    };
  });
  return { call, counts };
}

test("all that is missing is loaded before a plan is complete, at once", async () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => loadable(name));
  let plans = 0;
  const plan = () => {
    plans++;
    return [attempt(() => a.call(1), "?"), attempt(() => b.call(2) + a.call(3), "?")];
  };
  expect(await complete(plan)).toEqual(["a1", "b2a3"]);
  expect(plans).toBe(2);
  expect(await complete(plan)).toEqual(["a1", "b2a3"]);
  expect(plans).toBe(3); // nothing was missing
  expect([a, b, c].map(({ counts }) => counts.loads)).toEqual([1, 1, 0]);
});

test("what is missing within something that was missing is loaded after it", async () => {
  const [inner, outer] = [loadable("inner"), loadable("outer")];
  expect(await complete(() => attempt(() => outer.call(1) + inner.call(2), "?"))).toBe("outer1inner2");
});

test("programs that are compiled at once wait for what they need, each", async () => {
  const [a, b] = [loadable("a"), loadable("b")];
  const plans = [a, b, a].map(({ call }, i) => complete(() => attempt(() => call(i), "?")));
  expect(await Promise.all(plans)).toEqual(["a0", "b1", "a2"]);
});

test("errors of a plan stay what they are", async () => {
  const error = new RangeError("a plan's own");
  const wrong = () =>
    attempt(() => {
      throw error;
    }, "?");
  await expect(complete(wrong)).rejects.toBe(error);
});

test("what cannot be loaded is an error with a code, and is tried again", async () => {
  const { call, counts } = loadable("a", 1);
  const plan = () => attempt(() => call(1), "?");
  await expect(complete(plan)).rejects.toMatchObject({ name: "UnrollError", code: "missing", cause: new TypeError("no network") });
  expect(await complete(plan)).toBe("a1");
  expect(counts).toEqual({ loads: 2, calls: 1 });
});

test("what throws at once where it is loaded is the same error, which says the cure", async () => {
  // as what a bundler puts around import() does in a service worker
  const call = onDemand((): Promise<() => string> => {
    throw new ReferenceError("document is not defined");
  });
  await expect(complete(() => attempt(() => call(), "?"))).rejects.toMatchObject({
    code: "missing",
    message: expect.stringContaining("import from unroll-gpu/lean/static"),
    cause: expect.any(ReferenceError),
  });
});

test("in the whole package everything is there", async () => {
  const code = (x: number) => x + 1;
  expect(whole.onDemand(code)).toBe(code);
  expect(await whole.complete(() => whole.attempt(() => whole.onDemand(code)(1), 0))).toBe(2);
});
