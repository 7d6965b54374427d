/*
 * Names that are chosen by patterns, on the command line and in `runBench`'s and `verify`'s options: a part of a name as it stands,
 * whatever its case, in which `*` stands for anything.
 */

/** A pattern as the source of a regular expression: signs mean themselves, but for the star. */
export const patternSource = (pattern: string): string => pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");

/** Whether a part of `name` is what the pattern says. */
export const fits = (pattern: string, name: string): boolean => new RegExp(patternSource(pattern), "i").test(name);

const NEAR = 5;

/** Names that somebody may have meant by a pattern that fits none, the nearest first. */
export function nearest(pattern: string, names: readonly string[]): string[] {
  const wanted = pattern.toLowerCase().replaceAll("*", "");
  const parts = wanted.split(/[^\p{L}\p{N}]+/u).filter((part) => part.length > 2);
  const scored = names.map((name) => {
    const lower = name.toLowerCase();
    const shared = parts.filter((part) => lower.includes(part)).length;
    // A name within the pattern, such as "matmul" in "matmul2", or words of it; else by letters.
    const words = [lower, ...lower.split(/[^\p{L}\p{N}]+/u).filter(Boolean)];
    const inside = words.some((word) => word.length > 2 && wanted.includes(word));
    const distance = Math.min(...words.map((word) => edits(wanted, word)));
    return {
      name,
      score: distance - 3 * shared - (inside ? 2 : 0),
      near: shared > 0 || inside || distance <= Math.max(2, wanted.length / 3),
    };
  });
  const near = scored.filter((one) => one.near).sort((a, b) => a.score - b.score);
  return near.slice(0, NEAR).map(({ name }) => name);
}

/** How many letters must be put in, taken out or changed to make one word of another. (Levenshtein 1966) */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

/** What to say of patterns that fit none of the names. Undefined where each fits one. */
export function unfit(what: string, patterns: readonly string[], names: readonly string[]): string | undefined {
  const lines = patterns
    .filter((pattern) => !names.some((name) => fits(pattern, name)))
    .map((pattern) => {
      const near = nearest(pattern, names);
      return `${what} has a name that matches "${pattern}"${near.length > 0 ? `; near it: ${near.join(", ")}` : ""}`;
    });
  return lines.length > 0 ? lines.join("\n") : undefined;
}
