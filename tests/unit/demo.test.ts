import { describe, expect, test } from "vitest";
import { bundledCorpus, readCorpus, Streams } from "../../demo/char-rnn/corpus.ts";
import { drawToken } from "../../demo/char-rnn/sampling.ts";
import { Curve, RunningMean } from "../../demo/shared/curve.ts";

const text = (corpus: { characters: readonly string[] }, tokens: Iterable<number>): string =>
  Array.from(tokens, (token) => corpus.characters[token]).join("");

describe("the text", () => {
  test("the bundled one is long enough, plain, and comes back from its tokens", () => {
    const corpus = bundledCorpus();
    expect(corpus.length).toBeGreaterThan(100_000);
    expect(corpus.characters.length).toBeLessThanOrEqual(70);
    expect(corpus.characters.every((character) => character === "\n" || (character >= " " && character <= "~"))).toBe(true);
    expect(text(corpus, corpus.tokens.subarray(0, 15))).toBe("Alice was begin");
    // Real writing, not one paragraph again and again.
    expect(new Set(text(corpus, corpus.tokens).split("\n")).size).toBeGreaterThan(700);
  });

  test("rare characters share one number, and files that are no text are refused", () => {
    const many = Array.from({ length: 400 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join("");
    const corpus = readCorpus("many.txt", `${"ab\r\n".repeat(500)}${many}`);
    expect(corpus.characters).toHaveLength(256);
    expect(corpus.characters).not.toContain("\r");
    expect(Math.max(...corpus.tokens)).toBe(255);
    expect(() => readCorpus("short.txt", "abc")).toThrow("“short.txt” has 3 characters; a network needs at least 1000");
    expect(() => readCorpus("a.bin", "\0".repeat(5000))).toThrow("no plain text");
  });

  test("streams give each character with its successor and go on where they stopped", () => {
    const corpus = readCorpus("digits.txt", "0123456789".repeat(100));
    const streams = new Streams(corpus.tokens, 2);
    const column = (tokens: Uint32Array, b: number) =>
      text(
        corpus,
        tokens.filter((_, i) => i % 2 === b),
      );
    const first = streams.next(4);
    expect([column(first.tokens, 0), column(first.targets, 0)]).toEqual(["0123", "1234"]);
    const second = streams.next(300);
    expect(column(second.tokens, 1).slice(0, 8)).toBe("45678901");
    expect(column(second.targets, 1).slice(0, 8)).toBe("56789012");
    for (let i = 0; i < 10; i++) {
      const { tokens, targets } = streams.next(333);
      expect(Math.max(...tokens, ...targets)).toBeLessThan(10);
      expect(
        text(
          corpus,
          tokens.filter((_, j) => j % 2 === 0),
        ).slice(1),
      ).toBe(
        text(
          corpus,
          targets.filter((_, j) => j % 2 === 0),
        ).slice(0, -1),
      );
    }
  });
});

describe("drawing a token", () => {
  const scores = [0, Math.log(2), Math.log(5)];
  test("follows the probabilities", () => {
    expect([0, 0.124, 0.126, 0.374, 0.376, 0.999].map((u) => drawToken(scores, 1, u))).toEqual([0, 0, 1, 1, 2, 2]);
  });
  test("takes the likeliest at a low temperature, and large scores do not overflow", () => {
    expect(drawToken(scores, 0.01, 0.01)).toBe(2);
    expect(drawToken([1000, 2000, -1000], 0.7, 0.5)).toBe(1);
  });
});

test("a curve keeps the whole run within its limit", () => {
  const curve = new Curve(1, 100);
  for (let step = 1; step <= 5000; step++) curve.add(step, [step]);
  expect(curve.steps.length).toBeLessThan(100);
  expect(curve.steps.length).toBe(curve.lines[0].length);
  expect(curve.steps).toEqual([...curve.steps].sort((a, b) => a - b));
  expect(curve.lines[0][0]).toBeLessThan(100);
  expect(curve.steps.at(-1)).toBeGreaterThan(4800);
});

test("a curve has a gap where nothing was measured, and only there", () => {
  const curve = new Curve(2, 4);
  for (const [step, value] of [Number.NaN, Number.NaN, 5].entries()) curve.add(step + 1, [step, value]);
  expect(curve.lines).toEqual([
    [0, 1, 2],
    [Number.NaN, Number.NaN, 5],
  ]);
  curve.add(4, [3, 7]); // neighbours are averaged
  expect(curve.lines).toEqual([
    [0.5, 2.5],
    [Number.NaN, 6],
  ]);
});

test("a running mean begins with the first value", () => {
  const mean = new RunningMean(10);
  expect(mean.add(4)).toBe(4);
  expect(mean.add(2)).toBeLessThan(3.1);
});
